package lessons

// Index is the list of a site's lessons, by course.
type Index struct {
	Courses []Course `json:"courses"`
}

// Course is the lessons of one folder.
type Course struct {
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Summary string  `json:"summary"`
	Lessons []Entry `json:"lessons"`
}

// Entry is one lesson of a course.
type Entry struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Summary  string `json:"summary"`
	Duration string `json:"duration,omitempty"`
	Level    string `json:"level,omitempty"`
	Src      string `json:"src"`
}

// Add adds the lesson of the folder COURSE/ID.
func (x *Index) Add(folder string, l *Lesson) {
	course, id := folder, folder
	for i := range folder {
		if folder[i] == '/' {
			course, id = folder[:i], folder[i+1:]
			break
		}
	}
	e := Entry{ID: id, Title: l.Title, Summary: l.Summary, Duration: l.Duration, Level: l.Level, Src: folder}
	for i := range x.Courses {
		if x.Courses[i].ID == course {
			x.Courses[i].Lessons = append(x.Courses[i].Lessons, e)
			return
		}
	}
	title := l.Course
	if title == "" {
		title = course
	}
	x.Courses = append(x.Courses, Course{ID: course, Title: title, Lessons: []Entry{e}})
}
