package describe

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// A census counts a controller's pods by what they do.
type census struct{ running, waiting, succeeded, failed int }

func (n census) write(p *page) {
	p.put(0, "%d Running / %d Waiting / %d Succeeded / %d Failed\n", n.running, n.waiting, n.succeeded, n.failed)
}

// podsOf counts the pods that the selector finds and that the controller of that uid controls.
func (c *call) podsOf(namespace string, selector labels.Selector, uid types.UID) (census, error) {
	var pods corev1.PodList
	if err := c.getter.List(c.ctx, core("pods"), namespace, Selectors{Labels: selector.String()}, &pods); err != nil {
		return census{}, err
	}
	var n census
	for i := range pods.Items {
		if owner := metav1.GetControllerOf(&pods.Items[i]); owner == nil || owner.UID != uid {
			continue
		}
		switch pods.Items[i].Status.Phase {
		case corev1.PodRunning:
			n.running++
		case corev1.PodPending:
			n.waiting++
		case corev1.PodSucceeded:
			n.succeeded++
		case corev1.PodFailed:
			n.failed++
		}
	}
	return n, nil
}

// A condition is what the conditions of controllers have in common.
type condition struct{ kind, status, reason string }

func (p *page) conditions(list []condition) {
	if len(list) == 0 {
		return
	}
	p.put(0, "Conditions:\n  Type\tStatus\tReason\n")
	p.put(1, "----\t------\t------\n")
	for _, c := range list {
		p.put(1, "%v \t%v\t%v\n", c.kind, c.status, c.reason)
	}
}

func selectorText(s *metav1.LabelSelector) string {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return "Failed to get selector: " + err.Error()
	}
	return selector.String()
}
