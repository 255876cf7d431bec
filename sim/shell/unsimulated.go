package shell

import (
	"maps"
	"slices"
)

// unsimulated are the programs that people will try and that are not there: they answer with one sentence.
var unsimulated = map[string]bool{
	"adduser": true, "ansible": true, "apk": true, "apt": true, "apt-cache": true, "apt-get": true, "argocd": true, "at": true,
	"bc": true, "bzip2": true, "consul": true, "containerd": true, "crictl": true, "crontab": true, "ctr": true, "curl": true,
	"dc": true, "dig": true, "dmesg": true, "dnf": true, "docker": true, "dpkg": true, "ed": true, "emacs": true,
	"etcd": true, "etcdctl": true, "fdisk": true, "flux": true, "ftp": true, "fuser": true, "gcc": true, "gdb": true,
	"git": true, "go": true, "gpg": true, "groupadd": true, "gunzip": true, "gzip": true, "helm": true, "host": true,
	"hostnamectl": true, "htop": true, "ifconfig": true, "info": true, "iotop": true, "ip": true, "iptables": true, "istioctl": true,
	"java": true, "journalctl": true, "k9s": true, "killall": true, "kind": true, "kubeadm": true, "kubectx": true, "kubelet": true,
	"kubens": true, "kustomize": true, "loginctl": true, "lsblk": true, "lscpu": true, "lsmod": true, "lsof": true, "ltrace": true,
	"make": true, "man": true, "minikube": true, "mkfs": true, "modprobe": true, "mongosh": true, "mount": true, "mysql": true,
	"nc": true, "nerdctl": true, "netstat": true, "nft": true, "node": true, "npm": true, "nslookup": true,
	"parallel": true, "passwd": true, "perl": true, "pgrep": true, "ping": true, "pip": true, "pip3": true, "pkill": true,
	"podman": true, "top": true, "poweroff": true, "psql": true, "python": true, "python3": true, "reboot": true, "redis-cli": true, "rsync": true,
	"ruby": true, "scp": true, "screen": true, "service": true, "sftp": true, "shutdown": true, "skaffold": true, "snap": true,
	"socat": true, "ss": true, "ssh": true, "stern": true, "strace": true, "su": true, "sysctl": true, "systemctl": true,
	"tar": true, "tcpdump": true, "telnet": true, "terraform": true, "tilt": true, "timedatectl": true, "tmux": true, "traceroute": true,
	"umount": true, "unzip": true, "update-alternatives": true, "useradd": true, "usermod": true, "vault": true, "velero": true, "wget": true,
	"xz": true, "yq": true, "yum": true, "zip": true,
}

// Unsimulated lists the programs that are recognised but not simulated, sorted.
func Unsimulated() []string { return slices.Sorted(maps.Keys(unsimulated)) }
