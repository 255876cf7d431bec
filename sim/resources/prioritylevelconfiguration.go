package resources

import (
	"fmt"
	"math"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func priorityLevelConfigurations() *Resource {
	return of(&Resource{
		Group: flowGroup, Version: "v1", Name: "prioritylevelconfigurations", Singular: "prioritylevelconfiguration", Kind: "PriorityLevelConfiguration",
		StatusResets: []string{"metadata"},
		New:          fresh[flowcontrolv1.PriorityLevelConfiguration], NewList: fresh[flowcontrolv1.PriorityLevelConfigurationList],
	}, typed[flowcontrolv1.PriorityLevelConfiguration]{
		MetaAgain:      "m|",
		Default:        defaultLevel,
		Validate:       validateLevel,
		ValidateUpdate: func(l, _ *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList { return validateLevel(l) },
		Spec: func(l, from *flowcontrolv1.PriorityLevelConfiguration) {
			l.Spec = from.Spec
			keepMeta(&l.ObjectMeta, from.ObjectMeta)
		},
		Status: func(l, from *flowcontrolv1.PriorityLevelConfiguration) { l.Status = from.Status },
		ValidateStatusUpdate: func(l, _ *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList {
			var kinds []string
			for _, c := range l.Status.Conditions {
				kinds = append(kinds, string(c.Type))
			}
			return conditionTypes(kinds)
		},
		Changed: func(l, old *flowcontrolv1.PriorityLevelConfiguration) bool {
			return !equality.Semantic.DeepEqual(l.Spec, old.Spec)
		},
		Row: func(l *flowcontrolv1.PriorityLevelConfiguration, now time.Time) []any {
			var shares, queues, hand, longest any = "<none>", "<none>", "<none>", "<none>"
			if limited := l.Spec.Limited; limited != nil {
				shares = or(limited.NominalConcurrencyShares, 0)
				if q := limited.LimitResponse.Queuing; q != nil {
					queues, hand, longest = q.Queues, q.HandSize, q.QueueLengthLimit
				}
			}
			return []any{l.Name, string(l.Spec.Type), shares, queues, hand, longest, age(l.CreationTimestamp, now)}
		},
	})
}

func defaultLevel(l *flowcontrolv1.PriorityLevelConfiguration) {
	if exempt := l.Spec.Exempt; exempt != nil {
		fillPointer(&exempt.NominalConcurrencyShares, 0)
		fillPointer(&exempt.LendablePercent, 0)
	}
	limited := l.Spec.Limited
	if limited == nil {
		return
	}
	fillPointer(&limited.NominalConcurrencyShares, 30)
	fillPointer(&limited.LendablePercent, 0)
	if q := limited.LimitResponse.Queuing; q != nil {
		fill(&q.HandSize, 8)
		fill(&q.Queues, 64)
		fill(&q.QueueLengthLimit, 50)
	}
}

func validateLevel(l *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList {
	const zeroKey = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"
	var p problems
	if _, found := l.Annotations[zeroKey]; found {
		p.forbidden(field.NewPath("metadata", "annotations"), fmt.Sprintf("annotation '%s' is forbidden", zeroKey))
	}
	at, spec := field.NewPath("spec"), &l.Spec
	if (l.Name == "exempt") != (spec.Type == flowcontrolv1.PriorityLevelEnablementExempt) {
		p.invalid(at.Child("type"), spec.Type, "must be 'Exempt' if and only if `name` is 'exempt'")
	}
	switch spec.Type {
	case flowcontrolv1.PriorityLevelEnablementExempt:
		if spec.Limited != nil {
			p.forbidden(at.Child("limited"), "must be nil if the type is not Limited")
		}
		if spec.Exempt != nil {
			validateShares(&p, at.Child("exempt"), or(spec.Exempt.NominalConcurrencyShares, 0))
			validateLendable(&p, at.Child("exempt"), or(spec.Exempt.LendablePercent, 0))
		}
	case flowcontrolv1.PriorityLevelEnablementLimited:
		if spec.Exempt != nil {
			p.forbidden(at.Child("exempt"), "must be nil if the type is Limited")
		}
		if spec.Limited == nil {
			p.required(at.Child("limited"), "must not be empty when type is Limited")
		} else {
			validateLimited(&p, at.Child("limited"), spec.Limited)
		}
	default:
		oneOfRequired(&p, at.Child("type"), spec.Type, flowcontrolv1.PriorityLevelEnablementExempt, flowcontrolv1.PriorityLevelEnablementLimited)
	}
	return p.list()
}

func validateShares(p *problems, at *field.Path, shares int32) {
	if shares < 0 {
		p.invalid(at.Child("nominalConcurrencyShares"), shares, "must be a non-negative integer")
	}
}

func validateLendable(p *problems, at *field.Path, percent int32) {
	if percent < 0 || percent > 100 {
		p.invalid(at.Child("lendablePercent"), percent, "must be between 0 and 100, inclusive")
	}
}

func validateLimited(p *problems, at *field.Path, l *flowcontrolv1.LimitedPriorityLevelConfiguration) {
	validateShares(p, at, or(l.NominalConcurrencyShares, 0))
	response, queuing := l.LimitResponse, at.Child("limitResponse", "queuing")
	switch response.Type {
	case flowcontrolv1.LimitResponseTypeReject:
		if response.Queuing != nil {
			p.forbidden(queuing, "must be nil if limited.limitResponse.type is not Limited")
		}
	case flowcontrolv1.LimitResponseTypeQueue:
		if response.Queuing == nil {
			p.required(queuing, "must not be empty if limited.limitResponse.type is Limited")
		} else {
			validateQueuing(p, queuing, response.Queuing)
		}
	default:
		oneOfRequired(p, at.Child("limitResponse", "type"), response.Type, flowcontrolv1.LimitResponseTypeQueue, flowcontrolv1.LimitResponseTypeReject)
	}
	validateLendable(p, at, or(l.LendablePercent, 0))
	if percent := or(l.BorrowingLimitPercent, 0); percent < 0 {
		p.invalid(at.Child("borrowingLimitPercent"), percent, "if specified, must be a non-negative integer")
	}
}

func validateQueuing(p *problems, at *field.Path, q *flowcontrolv1.QueuingConfiguration) {
	const mostQueues, mostBits = 10_000_000, 60
	if q.QueueLengthLimit <= 0 {
		p.invalid(at.Child("queueLengthLimit"), q.QueueLengthLimit, "must be positive")
	}
	if q.Queues <= 0 {
		p.invalid(at.Child("queues"), q.Queues, "must be positive")
	} else if q.Queues > mostQueues {
		p.invalid(at.Child("queues"), q.Queues, fmt.Sprintf("must not be greater than %d", mostQueues))
	}
	switch bits := math.Ceil(math.Log2(float64(q.Queues)) * float64(q.HandSize)); {
	case q.HandSize <= 0:
		p.invalid(at.Child("handSize"), q.HandSize, "must be positive")
	case q.HandSize > q.Queues:
		p.invalid(at.Child("handSize"), q.HandSize, fmt.Sprintf("should not be greater than queues (%d)", q.Queues))
	case bits > mostBits:
		p.invalid(at.Child("handSize"), q.HandSize, fmt.Sprintf("required entropy bits of deckSize %d and handSize %d should not be greater than %d", q.Queues, q.HandSize, mostBits))
	}
}
