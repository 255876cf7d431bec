package awk

// An expression.
type expr interface{}

type (
	constant struct{ v value }
	regexLit struct{ re *pattern }
	variable struct {
		name  string
		local int // index in the function's frame, -1 for a global
	}
	fieldRef struct{ index expr }
	element  struct {
		array *variable
		index []expr
	}
	assign struct {
		op     string // "" for =
		target expr
		value  expr
	}
	step struct { // ++ and --
		target expr
		by     float64
		before bool
	}
	unary struct {
		op string
		x  expr
	}
	binary struct {
		op   string
		x, y expr
	}
	logical struct {
		and  bool
		x, y expr
	}
	matches struct {
		x, re expr
		not   bool
	}
	cond       struct{ test, yes, no expr }
	membership struct {
		index []expr
		array *variable
	}
	call struct {
		name string
		fn   *function
		args []expr
		line int
	}
	builtinCall struct {
		name string
		args []expr
		line int
	}
	getline struct {
		kind   byte // 0 from the input, '<' from a file, '|' from a command
		source expr
		target expr // nil: $0
	}
	group struct{ x expr } // in parentheses
)

// A statement.
type stmt interface{}

type (
	printStmt struct {
		args   []expr
		format bool   // printf
		to     string // "", ">", ">>", "|"
		dest   expr
	}
	exprStmt struct{ x expr }
	block    struct{ list []stmt }
	ifStmt   struct {
		test    expr
		yes, no stmt
	}
	loopStmt struct { // while, for and do
		init, post stmt
		test       expr
		body       stmt
		late       bool // do: the body runs before the first test
	}
	forIn struct {
		name  *variable
		array *variable
		body  stmt
	}
	switchStmt struct {
		x     expr
		cases []switchCase
	}
	jump struct {
		kind  string // break, continue, next, nextfile, exit, return
		value expr
	}
	deleteStmt struct {
		array *variable
		index []expr // nil: all
	}
)

type switchCase struct {
	value expr // nil: default
	body  []stmt
}

type rule struct {
	begin, end bool
	from, to   expr // nil from: always; to: a range
	active     bool
	body       *block // nil: print
}

type function struct {
	name   string
	params []string
	body   *block
	arrays []bool // which parameters are used as arrays
}

type program struct {
	begin, main, end []*rule
	functions        map[string]*function
}
