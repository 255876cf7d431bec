package kubectl

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"terrarium/sim/kubectl/discovery"
	"terrarium/sim/kubectl/object"
	"terrarium/sim/kubectl/printers"
	"terrarium/sim/kubectl/resource"
)

// reconciling is one `kubectl auth reconcile`.
type reconciling struct {
	*Factory
	dry                         bool
	removeRules, removeSubjects bool
	printer                     printers.Printer
}

func runAuthReconcile(f *Factory, cmd *cobra.Command, args []string) error {
	files := filenames(cmd)
	if err := files.Require(); err != nil {
		return err
	}
	if len(args) > 0 {
		return errors.New("no arguments are allowed")
	}
	run, err := f.dryRunFlag(cmd)
	if err != nil {
		return fmt.Errorf("error accessing --dry-run flag for command %s: %v", cmd.Name(), err)
	}
	if run == dryRunServer {
		return fmt.Errorf("--dry-run=server for command %s is not supported yet", cmd.Name())
	}
	r := reconciling{
		Factory: f, dry: run == dryRunClient,
		removeRules: flagBool(cmd, "remove-extra-permissions"), removeSubjects: flagBool(cmd, "remove-extra-subjects"),
	}
	b := f.TypedBuilder()
	b.ContinueOnError, b.DefaultNamespace, b.Flatten, b.Local, b.Filenames = true, true, true, true, files
	if b.Namespace, b.EnforceNamespace, err = f.Namespace(); err != nil {
		return err
	}
	found := b.Do()
	if found.Err() != nil {
		return found.Err()
	}
	if r.printer, err = f.printer(cmd, "reconciled"+run.suffix()); err != nil {
		return err
	}
	return found.Visit(func(i *resource.Info, err error) error {
		if err != nil {
			return err
		}
		return r.reconcile(i.Object)
	})
}

// reconcile takes care of roles and bindings; other objects are left alone.
func (r reconciling) reconcile(o object.Object) error {
	gvk := object.GVK(o)
	if gvk.Group != rbacv1.GroupName {
		return nil
	}
	if gvk.Version != "v1" {
		return fmt.Errorf("only rbac.authorization.k8s.io/v1 is supported: not %s", goType(o))
	}
	res := discovery.Resource{Group: gvk.Group, Version: "v1", Name: strings.ToLower(gvk.Kind) + "s", Namespaced: !strings.HasPrefix(gvk.Kind, "Cluster")}
	for range 3 {
		var err error
		switch gvk.Kind {
		case "Role", "ClusterRole":
			err = r.role(res, o, 0)
		case "RoleBinding", "ClusterRoleBinding":
			err = r.binding(res, o, 0)
		default:
			return nil
		}
		if !apierrors.IsConflict(err) {
			return err
		}
	}
	return apierrors.NewConflict(res.GroupResource(), object.Name(o), errors.New("exceeded maximum attempts"))
}

// reconciled is what a reconciliation came to; operation is "", create, update or recreate.
type reconciled struct {
	operation                      string
	protected                      bool
	missingSubjects, extraSubjects []rbacv1.Subject
	missingRules, extraRules       []rbacv1.PolicyRule
}

// role reconciles roles and cluster roles, which differ in nothing that matters here.
func (r reconciling) role(res discovery.Resource, o object.Object, attempts int) error {
	if attempts > 2 {
		return errors.New("exceeded maximum attempts")
	}
	var want, now rbacv1.ClusterRole
	if err := object.To(o, &want); err != nil {
		return err
	}
	result, out := want, reconciled{operation: "create", missingRules: want.Rules}
	err := r.get(res, &want, &now)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err == nil {
		now.TypeMeta = want.TypeMeta
		result, out = r.mergedRole(&now, &want)
	}
	if out.protected || r.dry || out.operation == "" {
		return r.tell(&result, out)
	}
	var stored rbacv1.ClusterRole
	switch err := r.write(res, out.operation, &result, &stored); {
	case out.operation == "create" && apierrors.IsAlreadyExists(err) || out.operation == "update" && apierrors.IsNotFound(err):
		return r.role(res, o, attempts+1)
	case err != nil:
		return err
	}
	stored.TypeMeta = want.TypeMeta
	return r.tell(&stored, out)
}

func (r reconciling) mergedRole(now, want *rbacv1.ClusterRole) (rbacv1.ClusterRole, reconciled) {
	result := *now.DeepCopy()
	out := reconciled{protected: now.Annotations[rbacv1.AutoUpdateAnnotationKey] == "false"}
	if mergeMetadata(&result, want) {
		out.operation = "update"
	}
	if want.AggregationRule == nil || now.AggregationRule == nil {
		out.extraRules = uncovered(want.Rules, now.Rules)
	}
	out.missingRules = uncovered(now.Rules, want.Rules)
	switch {
	case !r.removeRules && len(out.missingRules) > 0:
		result.Rules = append(result.Rules, out.missingRules...)
		out.operation = "update"
	case r.removeRules && len(out.missingRules)+len(out.extraRules) > 0:
		result.Rules = want.Rules
		out.operation = "update"
	}
	missing, extra := lackingSelectors(now.AggregationRule, want.AggregationRule), lackingSelectors(want.AggregationRule, now.AggregationRule)
	switch {
	case want.AggregationRule == nil && now.AggregationRule != nil:
		result.AggregationRule = nil
		out.operation = "update"
	case !r.removeRules && len(missing) > 0:
		if result.AggregationRule == nil {
			result.AggregationRule = &rbacv1.AggregationRule{}
		}
		result.AggregationRule.ClusterRoleSelectors = append(result.AggregationRule.ClusterRoleSelectors, missing...)
		out.operation = "update"
	case r.removeRules && len(missing)+len(extra) > 0:
		result.AggregationRule = want.AggregationRule
		out.operation = "update"
	}
	return result, out
}

// lackingSelectors are the selectors of asked that are not in owner.
func lackingSelectors(owner, asked *rbacv1.AggregationRule) []metav1.LabelSelector {
	var out []metav1.LabelSelector
	if asked == nil {
		return nil
	}
	for _, s := range asked.ClusterRoleSelectors {
		if owner == nil || !slices.ContainsFunc(owner.ClusterRoleSelectors, func(x metav1.LabelSelector) bool { return reflect.DeepEqual(x, s) }) {
			out = append(out, s)
		}
	}
	return out
}

// binding reconciles role bindings and cluster role bindings.
func (r reconciling) binding(res discovery.Resource, o object.Object, attempts int) error {
	if attempts > 3 {
		return errors.New("exceeded maximum attempts")
	}
	var want, now rbacv1.ClusterRoleBinding
	if err := object.To(o, &want); err != nil {
		return err
	}
	result, out := want, reconciled{operation: "create", missingSubjects: want.Subjects}
	err := r.get(res, &want, &now)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err == nil {
		now.TypeMeta = want.TypeMeta
		result, out = r.mergedBinding(&now, &want)
	}
	if out.protected || r.dry || out.operation == "" {
		return r.tell(&result, out)
	}
	if out.operation == "recreate" {
		if err := r.remove(res, &now); apierrors.IsConflict(err) {
			return r.binding(res, o, attempts+1)
		} else if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	var stored rbacv1.ClusterRoleBinding
	switch err := r.write(res, out.operation, &result, &stored); {
	case out.operation != "update" && apierrors.IsAlreadyExists(err) || out.operation == "update" && apierrors.IsNotFound(err):
		return r.binding(res, o, attempts+1)
	case err != nil:
		return err
	}
	stored.TypeMeta = want.TypeMeta
	return r.tell(&stored, out)
}

func (r reconciling) mergedBinding(now, want *rbacv1.ClusterRoleBinding) (rbacv1.ClusterRoleBinding, reconciled) {
	out := reconciled{protected: now.Annotations[rbacv1.AutoUpdateAnnotationKey] == "false"}
	if want.RoleRef != now.RoleRef {
		out.operation = "recreate"
		return *want, out
	}
	result := *now.DeepCopy()
	if mergeMetadata(&result, want) {
		out.operation = "update"
	}
	lacking := func(list, of []rbacv1.Subject) (out []rbacv1.Subject) {
		for _, s := range of {
			if !slices.Contains(list, s) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		return out
	}
	out.missingSubjects, out.extraSubjects = lacking(now.Subjects, want.Subjects), lacking(want.Subjects, now.Subjects)
	switch {
	case !r.removeSubjects && len(out.missingSubjects) > 0:
		result.Subjects = append(result.Subjects, out.missingSubjects...)
		out.operation = "update"
	case r.removeSubjects && len(out.missingSubjects)+len(out.extraSubjects) > 0:
		result.Subjects = want.Subjects
		out.operation = "update"
	}
	return result, out
}

// mergeMetadata adds what labels and annotations o lacks; what it has it keeps.
func mergeMetadata(o, want metav1.Object) (changed bool) {
	merged := func(ours, theirs map[string]string) map[string]string {
		if ours == nil && theirs == nil {
			return nil
		}
		out := map[string]string{}
		maps.Copy(out, theirs)
		maps.Copy(out, ours)
		changed = changed || !reflect.DeepEqual(out, ours)
		return out
	}
	o.SetAnnotations(merged(o.GetAnnotations(), want.GetAnnotations()))
	o.SetLabels(merged(o.GetLabels(), want.GetLabels()))
	return changed
}

func (r reconciling) get(res discovery.Resource, o metav1.Object, into any) error {
	if res.Namespaced && o.GetNamespace() == "" {
		return apierrors.NewNotFound(res.GroupResource(), o.GetName())
	}
	client, err := r.Client()
	if err != nil {
		return err
	}
	return typedGetter{client, 0}.Get(r.ctx, res.GVR(), o.GetNamespace(), o.GetName(), into)
}

func (r reconciling) write(res discovery.Resource, operation string, o metav1.Object, into any) error {
	verb, name := http.MethodPost, ""
	if operation == "update" {
		verb, name = http.MethodPut, o.GetName()
	} else if res.Namespaced {
		if err := r.ensureNamespace(o.GetNamespace()); err != nil {
			return err
		}
	}
	body, err := object.Encode(o)
	if err != nil {
		return err
	}
	answer, err := r.send(verb, res, o.GetNamespace(), name, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

func (r reconciling) send(verb string, res discovery.Resource, namespace, name string, body []byte) ([]byte, error) {
	client, err := r.Client()
	if err != nil {
		return nil, err
	}
	req, err := res.Request(verb, namespace, name)
	if err != nil {
		return nil, err
	}
	req.Body = body
	return client.Do(r.ctx, req)
}

// remove deletes exactly this object.
func (r reconciling) remove(res discovery.Resource, o metav1.Object) error {
	uid := o.GetUID()
	body, err := object.Encode(metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil {
		return err
	}
	_, err = r.send(http.MethodDelete, res, o.GetNamespace(), o.GetName(), body)
	return err
}

// ensureNamespace creates a namespace that is not there. Not being allowed to look or to create is no error.
func (r reconciling) ensureNamespace(name string) error {
	if name == "" {
		return errors.New("resource name may not be empty")
	}
	namespaces := discovery.Resource{Version: "v1", Name: "namespaces"}
	_, err := r.send(http.MethodGet, namespaces, "", name, nil)
	if err == nil || !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err) {
		return err
	}
	body, err := object.Encode(corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name}})
	if err != nil {
		return err
	}
	_, err = r.send(http.MethodPost, namespaces, "", "", body)
	if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

// tell prints the object and what was done to it.
func (r reconciling) tell(o any, out reconciled) error {
	if err := r.printer.Print(o, r.Out); err != nil || out.operation == "" {
		return err
	}
	caveat := ""
	if out.protected {
		caveat = ", but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)"
	}
	fmt.Fprintf(r.ErrOut, "\treconciliation required %s%s\n", out.operation, caveat)
	tellList(r, "missing subjects added", out.missingSubjects)
	if r.removeSubjects {
		tellList(r, "extra subjects removed", out.extraSubjects)
	}
	tellList(r, "missing rules added", out.missingRules)
	if r.removeRules {
		tellList(r, "extra rules removed", out.extraRules)
	}
	return nil
}

func tellList[T any](r reconciling, title string, list []T) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(r.ErrOut, "\t%s:\n", title)
	for _, x := range list {
		fmt.Fprintf(r.ErrOut, "\t\t%+v\n", x)
	}
}

// uncovered breaks rules into the smallest and returns those that owner does not allow.
func uncovered(owner, rules []rbacv1.PolicyRule) []rbacv1.PolicyRule {
	var out []rbacv1.PolicyRule
	add := func(r rbacv1.PolicyRule) {
		if !slices.ContainsFunc(owner, func(o rbacv1.PolicyRule) bool { return ruleCovers(o, r) }) {
			out = append(out, r)
		}
	}
	for _, r := range rules {
		for _, group := range r.APIGroups {
			for _, res := range r.Resources {
				for _, verb := range r.Verbs {
					one := rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{res}, Verbs: []string{verb}}
					if len(r.ResourceNames) == 0 {
						add(one)
					}
					for _, name := range r.ResourceNames {
						one.ResourceNames = []string{name}
						add(one)
					}
				}
			}
		}
		for _, url := range r.NonResourceURLs {
			for _, verb := range r.Verbs {
				add(rbacv1.PolicyRule{NonResourceURLs: []string{url}, Verbs: []string{verb}})
			}
		}
	}
	return out
}

// ruleCovers says whether owner allows all that one allows, which has one verb, resource and name at most.
func ruleCovers(owner, one rbacv1.PolicyRule) bool {
	hasAll := func(list, of []string, all string) bool {
		return slices.Contains(list, all) || !slices.ContainsFunc(of, func(s string) bool { return !slices.Contains(list, s) })
	}
	resources := func(name string) bool {
		_, sub, isSub := strings.Cut(name, "/")
		return slices.Contains(owner.Resources, name) || isSub && slices.Contains(owner.Resources, "*/"+sub)
	}
	urls := func(path string) bool {
		return slices.ContainsFunc(owner.NonResourceURLs, func(o string) bool {
			return o == path || strings.HasSuffix(o, "*") && strings.HasPrefix(path, strings.TrimRight(o, "*"))
		})
	}
	return hasAll(owner.Verbs, one.Verbs, rbacv1.VerbAll) && hasAll(owner.APIGroups, one.APIGroups, rbacv1.APIGroupAll) &&
		(slices.Contains(owner.Resources, rbacv1.ResourceAll) || all(one.Resources, resources)) && all(one.NonResourceURLs, urls) &&
		(len(owner.ResourceNames) == 0 || len(one.ResourceNames) > 0 && all(one.ResourceNames, func(s string) bool { return slices.Contains(owner.ResourceNames, s) }))
}

func all(list []string, ok func(string) bool) bool {
	return !slices.ContainsFunc(list, func(s string) bool { return !ok(s) })
}
