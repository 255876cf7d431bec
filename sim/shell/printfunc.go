package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// printFunction shows a function as declare -f does.
func printFunction(name string, fn *function) string {
	pr := &funcPrinter{src: fn.src}
	pr.line(0, name+" () ")
	body := fn.body
	if b, ok := body.Cmd.(*syntax.Block); ok && len(body.Redirs) == 0 {
		pr.line(0, "{ ")
		pr.list(b.Stmts, 1)
		pr.line(0, "}")
	} else {
		pr.line(0, "{ ")
		pr.list([]*syntax.Stmt{body}, 1)
		pr.line(0, "}")
	}
	return strings.TrimSuffix(pr.b.String(), "\n")
}

// funcPrinter lays statements out as bash does: four blanks a level, a semicolon after each but the last of a list.
type funcPrinter struct {
	src *source
	b   strings.Builder
}

func (pr *funcPrinter) line(level int, s string) {
	pr.b.WriteString(strings.Repeat("    ", level) + s + "\n")
}

func (pr *funcPrinter) list(stmts []*syntax.Stmt, level int) {
	for i, st := range stmts {
		text := pr.stmt(st, level)
		if i < len(stmts)-1 && !st.Background {
			text += ";"
		}
		pr.line(level, text)
	}
}

func (pr *funcPrinter) nested(stmts []*syntax.Stmt, level int, last string) string {
	sub := &funcPrinter{src: pr.src}
	sub.list(stmts, level)
	out := strings.TrimSuffix(sub.b.String(), "\n")
	if last != "" && out != "" {
		out += last
	}
	return out
}

func (pr *funcPrinter) inline(stmts []*syntax.Stmt, level int) string {
	var parts []string
	for _, st := range stmts {
		parts = append(parts, pr.stmt(st, level))
	}
	return strings.Join(parts, "; ")
}

func (pr *funcPrinter) stmt(st *syntax.Stmt, level int) string {
	text := pr.command(st, level)
	if st.Negated {
		text = "! " + text
	}
	for _, rd := range st.Redirs {
		if _, simple := st.Cmd.(*syntax.CallExpr); simple {
			break
		}
		text += " " + pr.src.slice(rd)
	}
	if st.Background {
		text += " &"
	}
	return text
}

func (pr *funcPrinter) command(st *syntax.Stmt, level int) string {
	in := strings.Repeat("    ", level)
	switch c := st.Cmd.(type) {
	case *syntax.IfClause:
		return pr.ifClause(c, level) + "\n" + in + "fi"
	case *syntax.WhileClause:
		word := "while "
		if c.Until {
			word = "until "
		}
		return word + pr.inline(c.Cond, level) + "; do\n" + pr.nested(c.Do, level+1, ";") + "\n" + in + "done"
	case *syntax.ForClause:
		head := "for " + strings.TrimSpace(pr.src.slice(c.Loop))
		if c.Select {
			head = "select " + strings.TrimSpace(pr.src.slice(c.Loop))
		}
		return head + ";\n" + in + "do\n" + pr.nested(c.Do, level+1, ";") + "\n" + in + "done"
	case *syntax.Block:
		return "{ \n" + pr.nested(c.Stmts, level+1, "") + "\n" + in + "}"
	case *syntax.Subshell:
		return "( " + pr.inline(c.Stmts, level) + " )"
	case *syntax.BinaryCmd:
		return pr.stmt(c.X, level) + " " + c.Op.String() + " " + pr.stmt(c.Y, level)
	case *syntax.CaseClause:
		out := "case " + pr.src.slice(c.Word) + " in "
		for _, item := range c.Items {
			var pats []string
			for _, w := range item.Patterns {
				pats = append(pats, pr.src.slice(w))
			}
			out += "\n" + in + "    " + strings.Join(pats, " | ") + ")\n" + pr.nested(item.Stmts, level+2, "") + "\n" + in + "    " + item.Op.String()
		}
		return out + "\n" + in + "esac"
	}
	text := pr.src.slice(st)
	text = strings.TrimSuffix(strings.TrimSpace(text), ";")
	if st.Negated {
		text = strings.TrimSpace(strings.TrimPrefix(text, "!"))
	}
	if st.Background {
		text = strings.TrimSpace(strings.TrimSuffix(text, "&"))
	}
	if len(st.Redirs) > 0 {
		if _, simple := st.Cmd.(*syntax.CallExpr); !simple && st.Cmd != nil {
			text = pr.src.slice(st.Cmd)
		}
	}
	return text
}

func (pr *funcPrinter) ifClause(c *syntax.IfClause, level int) string {
	in := strings.Repeat("    ", level)
	out := "if " + pr.inline(c.Cond, level) + "; then\n" + pr.nested(c.Then, level+1, ";")
	if c.Else == nil {
		return out
	}
	if len(c.Else.Cond) == 0 {
		return out + "\n" + in + "else\n" + pr.nested(c.Else.Then, level+1, ";")
	}
	return out + "\n" + in + "else\n" + in + "    " + pr.ifClause(c.Else, level+1) + "\n" + in + "    fi;"
}
