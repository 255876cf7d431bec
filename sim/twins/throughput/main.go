// Command throughput measures what an API server does in a second and what an object costs it, for Terrarium and, where
// KUBE_APISERVER and ETCD name their binaries, for the real one beside it. Nobody schedules the pods.
//
//	throughput [--pods 5000] [--watchers 1000] [--terrarium bin/terrarium]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"terrarium/sim/twins/kube"
)

func main() {
	pods := flag.Int("pods", 5000, "pods to create, get and list")
	watchers := flag.Int("watchers", 1000, "watches at once")
	terrarium := flag.String("terrarium", "bin/terrarium", "the binary")
	flag.Parse()
	if err := run(*terrarium, *pods, *watchers); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(terrarium string, pods, watchers int) error {
	ours, err := measure(func() (*running, error) { return startTerrarium(terrarium) }, pods, watchers)
	if err != nil {
		return err
	}
	var real []figure
	if apiserver, etcd := os.Getenv("KUBE_APISERVER"), os.Getenv("ETCD"); apiserver != "" && etcd != "" {
		if real, err = measure(func() (*running, error) { return startReal(apiserver, etcd) }, pods, watchers); err != nil {
			return err
		}
	}
	for i, f := range ours {
		fmt.Printf("%-34s %12.1f", f.name, f.value)
		if real != nil {
			fmt.Printf("   kube-apiserver %12.1f   ratio %.2f", real[i].value, f.value/real[i].value)
		}
		fmt.Println()
	}
	return nil
}

type figure struct {
	name  string
	value float64
}

func measure(start func() (*running, error), pods, watchers int) ([]figure, error) {
	s, err := start()
	if err != nil {
		return nil, err
	}
	defer s.stop()
	c, err := kube.New(s.kubeconfig)
	if err != nil {
		return nil, err
	}
	if err := c.Post("/api/v1/namespaces", map[string]any{"metadata": map[string]any{"name": "bench"}}); err != nil {
		return nil, err
	}
	if err := c.Post("/api/v1/namespaces/bench/serviceaccounts", map[string]any{"metadata": map[string]any{"name": "default"}}); err != nil {
		return nil, err
	}
	var out []figure
	before := s.memory()
	const path = "/api/v1/namespaces/bench/pods"
	took, err := parallel(pods, func(i int) error { return c.Post(path, pod(i)) })
	if err != nil {
		return nil, err
	}
	out = append(out, figure{"creates of pods a second", float64(pods) / took.Seconds()})
	took, err = parallel(pods, func(i int) error {
		var into struct{}
		return c.Get(fmt.Sprintf("%s/p%d", path, i), &into)
	})
	if err != nil {
		return nil, err
	}
	out = append(out, figure{"gets a second", float64(pods) / took.Seconds()})
	out = append(out, figure{"bytes of memory a pod", float64(s.memory()-before) / float64(pods)})
	const lists = 5
	took, err = parallel(lists, func(int) error {
		answer, err := c.Open("GET", path, "", nil)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		n, err := io.Copy(io.Discard, answer.Body)
		if err == nil && n < int64(pods)*500 {
			err = fmt.Errorf("a list of %d bytes", n)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out = append(out, figure{fmt.Sprintf("lists of %d pods a second", pods), lists / took.Seconds()})
	rate, err := watch(c, watchers)
	return append(out, figure{fmt.Sprintf("events to %d watchers a second", watchers), rate}), err
}

// parallel does n things with 8 hands.
func parallel(n int, do func(i int) error) (time.Duration, error) {
	start := time.Now()
	work, failed := make(chan int), make(chan error, n)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range work {
				if err := do(i); err != nil {
					failed <- err
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	all.Wait()
	close(failed)
	return time.Since(start), <-failed
}

// watch lets many clients watch one namespace and counts how many events reach them in a second.
func watch(c *kube.Client, watchers int) (float64, error) {
	const changes = 50
	const path = "/api/v1/namespaces/bench/configmaps"
	var ready, done sync.WaitGroup
	failed := make(chan error, watchers)
	ready.Add(watchers)
	for range watchers {
		done.Go(func() {
			answer, err := c.Open("GET", path+"?watch=1&labelSelector=bench", "", nil)
			ready.Done()
			if err != nil {
				failed <- err
				return
			}
			defer answer.Body.Close()
			lines := bufio.NewReader(answer.Body)
			for range changes {
				if _, err := lines.ReadSlice('\n'); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	ready.Wait()
	start := time.Now()
	for i := range changes {
		name := map[string]any{"name": fmt.Sprint("c", i), "labels": map[string]any{"bench": "x"}}
		if err := c.Post(path, map[string]any{"metadata": name, "data": map[string]any{"k": "v"}}); err != nil {
			return 0, err
		}
	}
	done.Wait()
	close(failed)
	return float64(changes*watchers) / time.Since(start).Seconds(), <-failed
}

func pod(i int) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"name": fmt.Sprint("p", i), "labels": map[string]any{"app": "web", "n": fmt.Sprint(i)}},
		"spec": map[string]any{"schedulerName": "nobody", "containers": []any{map[string]any{
			"name": "web", "image": "nginx:1.27", "ports": []any{map[string]any{"containerPort": 80}},
			"resources": map[string]any{"requests": map[string]any{"cpu": "10m", "memory": "16Mi"}},
		}}},
	}
}
