package cel

import "strings"

// overload is one form of a function.
type overload struct {
	member bool
	args   []*Type
	result *Type
}

// functions are all functions: a line each, the name and its forms. A form is the letters of its arguments' types and of
// its result's, with a dot in front if it is called on its first argument; A and B stand for any type.
const functions = `
!_ bb
-_ ii dd
_+_ yyy ddd DDD DTT TDT iii LALALA sss uuu
_-_ ddd DDD iii TDT TTD uuu
_*_ ddd iii uuu
_/_ ddd iii uuu
_%_ iii uuu
_==_ AAb
_!=_ AAb
_<_ bbb iib idb iub uub udb uib ddb dib dub ssb yyb TTb DDb
_<=_ bbb iib idb iub uub udb uib ddb dib dub ssb yyb TTb DDb
_>_ bbb iib idb iub uub udb uib ddb dib dub ssb yyb TTb DDb
_>=_ bbb iib idb iub uub udb uib ddb dib dub ssb yyb TTb DDb
_?_:_ bAAA
_&&_ bbb
_||_ bbb
_[_] LAiA MABAB OLAiOA OMABAOB
_[?_] LAiOA OLAiOA MABAOB OMABAOB
@in ALAb AMABb
@not_strictly_false bb
size yi .yi LAi .LAi MABi .MABi si .si
type AtA
bool bb sb
bytes yy sy
double dd id sd ud
duration DD iD sD
dyn A*
int ii di Di si Ti ui
string ss bs ys ds Ds is Ts us ps cs
timestamp TT iT sT
uint uu du iu su
contains .ssb
endsWith .ssb
startsWith .ssb
matches ssb .ssb
getFullYear .Ti .Tsi
getMonth .Ti .Tsi
getDayOfYear .Ti .Tsi
getDayOfMonth .Ti .Tsi
getDate .Ti .Tsi
getDayOfWeek .Ti .Tsi
getHours .Ti .Tsi .Di
getMinutes .Ti .Tsi .Di
getSeconds .Ti .Tsi .Di
getMilliseconds .Ti .Tsi .Di
charAt .sis
indexOf .LAAi .ssi .ssii
lastIndexOf .LAAi .ssi .ssii
lowerAscii .ss
upperAscii .ss
replace .ssss .sssis
split .ssLs .ssiLs
substring .sis .siis
trim .ss
join .Lss .Lsss
format .sL*s
strings.quote ss
slice .LAiiLA
flatten .LLALA .L*iL*
sort .LiLi .LuLu .LdLd .LbLb .LDLD .LTLT .LsLs .LyLy
@sortByAssociatedKeys .LALiLA .LALuLA .LALdLA .LALbLA .LALDLA .LALTLA .LALsLA .LALyLA
lists.range iLi
reverse .LALA
distinct .LALA
sets.contains LALAb
sets.equivalent LALAb
sets.intersects LALAb
cel.@mapInsert MABABMAB MABMABMAB
isSorted .Lib .Lub .Ldb .Lbb .LDb .LTb .Lsb .Lyb
sum .Lii .Luu .Ldd .LDD
max .Lii .Luu .Ldd .Lbb .LDD .LTT .Lss .Lyy
min .Lii .Luu .Ldd .Lbb .LDD .LTT .Lss .Lyy
find .sss
findAll .ssLs .ssiLs
optional.of AOA
optional.ofNonZeroValue AOA
optional.none OA
value .OAA
hasValue .OAb
or .OAOAOA
orValue .OAAA
first .LAOA
last .LAOA
optional.unwrap LOALA
unwrapOpt .LOALA
url sr
isURL sb
getScheme .rs
getHost .rs
getHostname .rs
getPort .rs
getEscapedPath .rs
getQuery .rMsLs
quantity sq
isQuantity sb
sign qi
isGreaterThan .qqb .vvb
isLessThan .qqb .vvb
compareTo .qqi .vvi
asApproximateFloat .qd
asInteger .qi
isInteger .qb
add .qqq .qiq
sub .qqq .qiq
ip sp .cp
family .pi
ip.isCanonical sb
isUnspecified .pb
isLoopback .pb
isLinkLocalMulticast .pb
isLinkLocalUnicast .pb
isGlobalUnicast .pb
isIP sb
cidr sc
containsIP .csb .cpb
containsCIDR .csb .ccb
prefixLength .ci
masked .cc
isCIDR sb
semver sv sbv
isSemver sb sbb
major .vi
minor .vi
patch .vi
format.named sOf
format.dns1123Label f
format.dns1123Subdomain f
format.dns1035Label f
format.qualifiedName f
format.dns1123LabelPrefix f
format.dns1123SubdomainPrefix f
format.dns1035LabelPrefix f
format.labelValue f
format.uri f
format.uuid f
format.byte f
format.date f
format.datetime f
validate .fsOLs
path .zsw
group .zsg
serviceAccount .zssz
resource .gsk
subresource .ksk
namespace .ksk
name .ksk
fieldSelector .ksk
labelSelector .ksk
check .wsx .ksx
errored .xb
error .xs
allowed .xb
reason .xs
jsonpatch.escapeKey ss
`

func forms(name string) string {
	if strings.ContainsAny(name, " \n") {
		return ""
	}
	_, rest, ok := strings.Cut(functions, "\n"+name+" ")
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func declared(name string) bool { return forms(name) != "" }

func overloads(name string) (out []overload) {
	for _, form := range strings.Fields(forms(name)) {
		o := overload{}
		form, o.member = strings.CutPrefix(form, ".")
		var all []*Type
		for form != "" {
			var t *Type
			t, form = readType(form)
			all = append(all, t)
		}
		o.args, o.result = all[:len(all)-1], all[len(all)-1]
		out = append(out, o)
	}
	return out
}

// readType reads a type off the table's letters.
func readType(s string) (t *Type, rest string) {
	k := Kind(s[0])
	s = s[1:]
	n := 0
	switch k {
	case 'A', 'B':
		return &Type{Kind: kindParam, Name: string(k)}, s
	case KindList, KindOptional, KindType:
		n = 1
	case KindMap:
		n = 2
	default:
		if name := libraryTypes[k]; name != "" {
			return Object(name, nil), s
		}
	}
	t = &Type{Kind: k}
	for range n {
		var p *Type
		p, s = readType(s)
		t.Params = append(t.Params, p)
	}
	return t, s
}
