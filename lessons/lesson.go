// Package lessons reads lesson folders: prose, commands, quizzes, checkpoints, hints, and the picture of what flows
// where; it says which checkpoints a cluster's state passes, and it proves a lesson.
//
// It knows no cluster from within: what it asks of one is the interface World.
package lessons

// Lesson is a parsed lesson folder. Its JSON form is what a page draws.
type Lesson struct {
	Title    string `json:"title"`
	Summary  string `json:"summary"`            // plain text
	Duration string `json:"duration,omitempty"` // for people: "20 min"
	Level    string `json:"level,omitempty"`
	Course   string `json:"course,omitempty"`
	Flow     *Flow  `json:"flow,omitempty"`
	Steps    []Step `json:"steps"`

	// Exercise says that the text leaves commands to the reader: only the solution does everything.
	Exercise bool `json:"-"`

	// Scenario is scenario.yaml; nil is the default cluster.
	Scenario []byte `json:"-"`
	// Setup and Solution are setup.sh and solution.sh; nil where the lesson has none.
	Setup    []byte `json:"-"`
	Solution []byte `json:"-"`
	// Checkpoints in the order of the text.
	Checkpoints []*Checkpoint `json:"-"`
}

// Flow is the picture of a lesson: nodes that light up with the cluster's state, each leading to the next.
type Flow struct {
	Title       string     `json:"title"`
	Description string     `json:"description"` // read out in place of the picture
	Nodes       []FlowNode `json:"nodes"`
}

// FlowNode is one station of a Flow.
type FlowNode struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Label string `json:"label,omitempty"`
	Icon  string `json:"icon,omitempty"`

	// Done, Failed and Active hold the assertions that put the node into that state, tried in this order.
	Done   []Assertion `json:"-"`
	Failed []Assertion `json:"-"`
	Active []Assertion `json:"-"`
}

// Step is one section of the prose.
type Step struct {
	ID     string  `json:"id"` // unique in the lesson and fit for a URL's fragment
	Title  string  `json:"title"`
	Blocks []Block `json:"blocks"`
}

// Block is one piece of a step. Kind says which of the other fields are set.
type Block struct {
	Kind string `json:"kind"` // html, command, file, output, quiz, checkpoint, hint, note

	HTML     string `json:"html,omitempty"`     // html, hint, note
	Text     string `json:"text,omitempty"`     // command, output
	Run      bool   `json:"run,omitempty"`      // command: typed into the terminal on a click
	Path     string `json:"path,omitempty"`     // file
	Content  string `json:"content,omitempty"`  // file
	Language string `json:"language,omitempty"` // file, output
	ID       string `json:"id,omitempty"`       // quiz, checkpoint
	Title    string `json:"title,omitempty"`    // checkpoint, hint
	Hint     string `json:"hint,omitempty"`     // checkpoint; html
	After    string `json:"after,omitempty"`    // checkpoint: the one that must have been passed before
	Tone     string `json:"tone,omitempty"`     // note: note, tip, warning

	Question    string   `json:"question,omitempty"` // quiz; html
	Choices     []Choice `json:"choices,omitempty"`
	Accept      []string `json:"accept,omitempty"`
	Explanation string   `json:"explanation,omitempty"` // html

	// Fails marks a command that is meant to exit with an error; Skip one that a proof does not run (it needs an
	// editor or Ctrl-C).
	Fails bool `json:"-"`
	Skip  bool `json:"-"`
	line  int  // in lesson.md, 1-based
}

// Choice is one answer of a quiz.
type Choice struct {
	HTML    string `json:"html"`
	Correct bool   `json:"correct"`
}

// Checkpoint is passed where all its assertions hold. It stays passed for whoever remembers that, whatever the cluster
// becomes later.
type Checkpoint struct {
	ID, Title string
	Hint      string // html
	// After is the checkpoint that must have been passed before this one counts; "" is none.
	After  string
	Assert []Assertion
}

// Progress is what the cluster's state says of a lesson.
type Progress struct {
	Checkpoints []CheckState `json:"checkpoints"`
	Flow        []FlowState  `json:"flow"`
}

// CheckState is the verdict on one checkpoint.
type CheckState struct {
	ID     string `json:"id"`
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"` // one sentence: what is still missing
}

// FlowState is the state of one node of the flow: idle, active, done or failed.
type FlowState struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// Passed reports whether every checkpoint is.
func (p Progress) Passed() bool {
	for _, c := range p.Checkpoints {
		if !c.Passed {
			return false
		}
	}
	return true
}
