package metrics

import (
	"hash/fnv"
	"path"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"terrarium/sim/reference"
)

// usage is in billionths of a core and in bytes.
type usage struct{ cpu, memory int64 }

func (u usage) list() corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewScaledQuantity(u.cpu, resource.Nano),
		corev1.ResourceMemory: resource.MustParse(strconv.FormatInt(u.memory>>10, 10) + "Ki"),
	}
}

// limited keeps to the container's limits.
func (u usage) limited(c *corev1.Container) usage {
	if l, ok := c.Resources.Limits[corev1.ResourceCPU]; ok {
		u.cpu = min(u.cpu, l.ScaledValue(resource.Nano))
	}
	if l, ok := c.Resources.Limits[corev1.ResourceMemory]; ok {
		u.memory = min(u.memory, l.Value())
	}
	return u
}

// known is what programs use that have nothing to do, by the last part of their image's name: thousandths of a core and
// mebibytes.
var known = map[string][2]int64{
	"kube-apiserver": {42, 265}, "etcd": {18, 55}, "kube-controller-manager": {12, 52}, "kube-scheduler": {6, 24}, "kube-proxy": {1, 18}, "coredns": {2, 15},
	"metrics-server": {4, 20}, "nginx": {0, 4}, "httpd": {1, 7}, "redis": {3, 4}, "mysql": {7, 390}, "mariadb": {4, 95}, "postgres": {2, 35}, "mongo": {8, 160},
	"rabbitmq": {25, 110}, "busybox": {0, 1}, "alpine": {0, 1}, "hpa-example": {1, 11}, "wordpress": {2, 60},
}

// idle is what a container uses without any load from outside.
func idle(c *corev1.Container, pod *corev1.Pod, at time.Time) usage {
	name := c.Image
	if ref, err := reference.Parse(c.Image); err == nil {
		name = path.Base(ref.Path)
	}
	k, ok := known[name]
	if !ok {
		k = [2]int64{1, 3 + int64(hash(name)%24)}
	}
	u := usage{k[0]*1_000_000 + 250_000, k[1] << 20}
	busy := demanded(append(append([]string{}, c.Command...), c.Args...))
	u.cpu += busy.cpu
	u.memory += busy.memory
	seed := string(pod.UID) + "/" + c.Name
	return usage{wobble(u.cpu, seed+"/cpu", at), wobble(u.memory, seed+"/memory", at)}
}

// demanded is what the arguments of a program ask it to use: those of stress and its relatives, and a loop without a rest.
func demanded(args []string) (u usage) {
	line := strings.Join(args, " ")
	const core = 1_000_000_000
	if strings.Contains(line, "yes > /dev/null") || strings.Contains(line, "while true; do :; done") || strings.Contains(line, "while :; do :; done") {
		u.cpu += core
	}
	words := strings.Fields(line)
	for i, w := range words {
		if i+1 == len(words) {
			break
		}
		switch strings.TrimLeft(w, "-") {
		case "cpu", "cpus", "c":
			if n, err := strconv.Atoi(words[i+1]); err == nil && strings.HasPrefix(w, "-") && (w != "-c" || strings.Contains(line, "stress")) {
				u.cpu += int64(n) * core
			}
		case "vm-bytes", "mem-total", "mem-alloc-size":
			text := strings.TrimSuffix(words[i+1], "B")
			if !strings.HasSuffix(text, "i") && strings.ContainsAny(text, "KMGkmg") {
				text = strings.ToUpper(text) + "i"
			}
			if q, err := resource.ParseQuantity(text); err == nil {
				u.memory = max(u.memory, q.Value())
			}
		}
	}
	return u
}

// wobble moves a value by up to five in a hundred, otherwise at each measurement and always the same at one.
func wobble(value int64, seed string, at time.Time) int64 {
	n := int64(hash(seed+strconv.FormatInt(at.Unix(), 10))%101) - 50
	return value + value/1000*n
}

func hash(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}
