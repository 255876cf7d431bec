package shell

import iofs "io/fs"

func iofsMode(n uint64) iofs.FileMode { return iofs.FileMode(n) }

// SymbolicMode applies a mode such as u+x,go=r to old, which is a directory's where dir is set; umask holds for
// clauses that name nobody. bad is the first character that cannot be read, 0 where all is well.
func SymbolicMode(text string, old iofs.FileMode, dir bool, umask iofs.FileMode) (mode iofs.FileMode, bad rune) {
	mode = old
	rs := []rune(text + ",")
	for i := 0; i < len(rs)-1; {
		var who iofs.FileMode
		for ; ; i++ {
			switch rs[i] {
			case 'u':
				who |= 0o700
				continue
			case 'g':
				who |= 0o070
				continue
			case 'o':
				who |= 0o007
				continue
			case 'a':
				who |= 0o777
				continue
			}
			break
		}
		mask := who
		if who == 0 {
			who, mask = 0o777, 0o777&^umask
		}
		if rs[i] != '+' && rs[i] != '-' && rs[i] != '=' {
			return old, rs[i]
		}
		for rs[i] == '+' || rs[i] == '-' || rs[i] == '=' {
			op := rs[i]
			i++
			var bits iofs.FileMode
			var special iofs.FileMode
			for ; rs[i] != ',' && rs[i] != '+' && rs[i] != '-' && rs[i] != '='; i++ {
				switch rs[i] {
				case 'r':
					bits |= 0o444
				case 'w':
					bits |= 0o222
				case 'x':
					bits |= 0o111
				case 'X':
					if dir || mode&0o111 != 0 {
						bits |= 0o111
					}
				case 's':
					if who&0o700 != 0 {
						special |= iofs.ModeSetuid
					}
					if who&0o070 != 0 {
						special |= iofs.ModeSetgid
					}
				case 't':
					special |= iofs.ModeSticky
				case 'u':
					bits |= spread(mode >> 6 & 7)
				case 'g':
					bits |= spread(mode >> 3 & 7)
				case 'o':
					bits |= spread(mode & 7)
				default:
					return old, rs[i]
				}
			}
			switch op {
			case '+':
				mode |= bits&mask | special
			case '-':
				mode &^= bits&mask | special
			default:
				mode = mode&^who | bits&mask | special
			}
		}
		if rs[i] == ',' {
			i++
		}
	}
	return mode, 0
}

func spread(n iofs.FileMode) iofs.FileMode { return n<<6 | n<<3 | n }
