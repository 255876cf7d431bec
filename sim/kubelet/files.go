package kubelet

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"terrarium/sim/vfs"
)

// rootFiles returns a function that gives the container's file system, which is made when it is first asked for: what
// every Linux system has, what the image brings, and the pod's volumes.
func (k *Kubelet) rootFiles(pod *corev1.Pod, c *container) func() *vfs.FS {
	return func() *vfs.FS {
		if c.root == nil {
			c.root = k.makeRoot(pod, c)
		}
		return c.root
	}
}

func (k *Kubelet) makeRoot(pod *corev1.Pod, c *container) *vfs.FS {
	random := k.chance.Fork("files/" + c.id)
	f := vfs.New(k.Clock.Now, func(b []byte) { copy(b, random.Bytes(len(b))) }, vfs.Limits{Bytes: 64 << 20, Nodes: 20_000})
	for _, dir := range []string{"/bin", "/dev", "/etc", "/home", "/lib", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/usr/bin", "/usr/local/bin", "/usr/sbin", "/var/lib", "/var/log", "/var/run"} {
		f.MkdirAll(dir, 0o755)
	}
	f.MkdirAll("/tmp", 0o777)
	f.MkdirAll(workingDir(c.spec, c.image), 0o755)
	f.Mknod("/dev/null", vfs.Null, 0o666)
	f.Mknod("/dev/zero", vfs.Zero, 0o666)
	f.Mknod("/dev/full", vfs.Full, 0o666)
	f.Mknod("/dev/random", vfs.Random, 0o666)
	f.Mknod("/dev/urandom", vfs.Random, 0o666)
	if log := c.spec.TerminationMessagePath; log != "" {
		f.MkdirAll(path.Dir(log), 0o755)
		f.WriteFile(log, nil, 0o666)
	}
	f.WriteFile("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"), 0o644)
	f.WriteFile("/etc/group", []byte("root:x:0:\nnogroup:x:65533:\nnobody:x:65534:\n"), 0o644)
	f.WriteFile("/etc/hostname", []byte(hostname(pod)+"\n"), 0o644)
	f.WriteFile("/etc/hosts", []byte(k.hostsFile(pod)), 0o644)
	f.WriteFile("/etc/resolv.conf", []byte(resolvConf(pod)), 0o644)
	for _, name := range sortedKeys(c.image.Files) {
		f.MkdirAll(path.Dir(name), 0o755)
		f.WriteFile(name, []byte(c.image.Files[name]), 0o644)
	}
	k.mountAll(pod, c, f)
	return f
}

// mountAll puts the pod's volumes where the container wants them, outer ones first.
func (k *Kubelet) mountAll(pod *corev1.Pod, c *container, f *vfs.FS) {
	w := k.workers[pod.UID]
	if w == nil || w.volumes == nil {
		return
	}
	mounts := slices.Clone(c.spec.VolumeMounts)
	slices.SortStableFunc(mounts, func(a, b corev1.VolumeMount) int {
		return strings.Count(a.MountPath, "/") - strings.Count(b.MountPath, "/")
	})
	for _, m := range mounts {
		v, ok := w.volumes.mounted[m.Name]
		if !ok {
			continue
		}
		if v.files == nil {
			k.bind(pod, f, m, v)
		} else {
			k.fill(pod, f, m, v)
		}
	}
}

// fill writes the files of a volume that is made from objects, in the way that lets the kubelet change all of them at once:
// names that lead to a folder of the time at which it was written.
func (k *Kubelet) fill(pod *corev1.Pod, f *vfs.FS, m corev1.VolumeMount, v mounted) {
	if m.SubPath != "" {
		if file, ok := v.files[m.SubPath]; ok {
			f.MkdirAll(path.Dir(m.MountPath), 0o755)
			f.WriteFile(m.MountPath, k.content(pod, file), fs.FileMode(file.mode))
			f.Seal(m.MountPath, true)
		}
		return
	}
	f.Seal(m.MountPath, false)
	f.RemoveAll(m.MountPath)
	defer f.Seal(m.MountPath, true)
	f.MkdirAll(m.MountPath, 0o755)
	folder := fmt.Sprintf("..%s.%d", k.Clock.Now().UTC().Format("2006_01_02_15_04_05"), 1_000_000_000+k.chance.IntN(2_000_000_000))
	f.MkdirAll(path.Join(m.MountPath, folder), 0o755)
	f.Symlink(folder, path.Join(m.MountPath, "..data"))
	for _, name := range sortedKeys(v.files) {
		at := path.Join(m.MountPath, folder, name)
		f.MkdirAll(path.Dir(at), 0o755)
		f.WriteFile(at, k.content(pod, v.files[name]), fs.FileMode(v.files[name].mode))
		top, _, _ := strings.Cut(name, "/")
		f.Symlink("..data/"+top, path.Join(m.MountPath, top))
	}
}

// content is what a file holds; a token is asked for when somebody may read it.
func (k *Kubelet) content(pod *corev1.Pod, f mountedFile) []byte {
	if f.token != nil {
		return []byte(k.serviceAccountToken(pod, f.token))
	}
	return f.data
}

// refresh brings changed config maps and secrets into the files of running containers.
func (k *Kubelet) refresh(pod *corev1.Pod, v *volumes) {
	for i := range pod.Spec.Volumes {
		vol := &pod.Spec.Volumes[i]
		before, ok := v.mounted[vol.Name]
		if !ok || before.files == nil {
			continue
		}
		now, err := k.mount(pod, vol)
		if err != nil || sameFiles(before.files, now.files) {
			continue
		}
		v.mounted[vol.Name] = now
		for _, c := range k.running(pod.UID) {
			for _, m := range c.spec.VolumeMounts {
				if m.Name == vol.Name && m.SubPath == "" && c.root != nil {
					k.fill(pod, c.root, m, now)
				}
			}
		}
	}
}

func sameFiles(a, b map[string]mountedFile) bool {
	if len(a) != len(b) {
		return false
	}
	for name, x := range a {
		y, ok := b[name]
		if !ok || x.mode != y.mode || !bytes.Equal(x.data, y.data) {
			return false
		}
	}
	return true
}

// bind puts a volume that containers share where a container wants it.
func (k *Kubelet) bind(pod *corev1.Pod, f *vfs.FS, m corev1.VolumeMount, v mounted) {
	if k.disk == nil {
		k.disk = vfs.New(k.Clock.Now, nil, vfs.Limits{})
	}
	dir := path.Join("/", v.shared, m.SubPath)
	if strings.HasPrefix(v.shared, "host") {
		k.hostMade[strings.TrimPrefix(v.shared, "host")] = true
	}
	k.disk.MkdirAll(dir, 0o755)
	f.Bind(m.MountPath, k.disk, dir, m.ReadOnly || v.readOnly)
}

// hostsFile is the /etc/hosts that the kubelet writes.
func (k *Kubelet) hostsFile(pod *corev1.Pod) string {
	if pod.Spec.HostNetwork {
		return "127.0.0.1\tlocalhost\n" + k.Node.Address + "\t" + k.Node.Name + "\n"
	}
	var b strings.Builder
	b.WriteString("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n")
	names := hostname(pod)
	if pod.Spec.Subdomain != "" {
		names = fmt.Sprintf("%s.%s.%s.svc.cluster.local\t%s", names, pod.Spec.Subdomain, pod.Namespace, names)
	}
	s := k.runtime.status(pod.UID)
	if len(s.ips) > 0 {
		fmt.Fprintf(&b, "%s\t%s\n", s.ips[0], names)
	}
	if len(pod.Spec.HostAliases) > 0 {
		b.WriteString("\n# Entries added by HostAliases.\n")
		for _, a := range pod.Spec.HostAliases {
			fmt.Fprintf(&b, "%s\t%s\n", a.IP, strings.Join(a.Hostnames, "\t"))
		}
	}
	return b.String()
}

func resolvConf(pod *corev1.Pod) string {
	search := []string{pod.Namespace + ".svc.cluster.local", "svc.cluster.local", "cluster.local"}
	servers, options := []string{"10.96.0.10"}, []string{"ndots:5"}
	if pod.Spec.DNSPolicy == corev1.DNSNone || pod.Spec.DNSPolicy == corev1.DNSDefault {
		search, servers, options = nil, nil, nil
		if pod.Spec.DNSPolicy == corev1.DNSDefault {
			servers = []string{"1.1.1.1"}
		}
	}
	if d := pod.Spec.DNSConfig; d != nil {
		search, servers = append(search, d.Searches...), append(servers, d.Nameservers...)
		for _, o := range d.Options {
			text := o.Name
			if o.Value != nil {
				text += ":" + *o.Value
			}
			options = append(options, text)
		}
	}
	var b strings.Builder
	if len(search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(search, " "))
	}
	for _, s := range servers {
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	if len(options) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(options, " "))
	}
	return b.String()
}
