// Runs what kube-apiserver and the webhook of JobSet run when an object is created, over the YAML files that are named: strict decoding, defaults,
// validation, and the Pod Security level `restricted`. No cluster, no etcd: the same Go packages, called here. `node scripts/verify-kubernetes.mjs` builds it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	_ "unsafe" // go:linkname: JobSet does not export its webhook

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	podsecurity "k8s.io/pod-security-admission/api"
	podpolicy "k8s.io/pod-security-admission/policy"

	trainer "github.com/kubeflow/trainer/v2/pkg/apis/trainer/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	_ "sigs.k8s.io/jobset/pkg/webhooks"
)

// The receiver's only field, a client, is asked about volume claim policies alone.
type webhook struct{ client any }

//go:linkname setDefaults sigs.k8s.io/jobset/pkg/webhooks.(*jobSetWebhook).Default
func setDefaults(*webhook, context.Context, *jobset.JobSet) error

//go:linkname validateCreate sigs.k8s.io/jobset/pkg/webhooks.(*jobSetWebhook).ValidateCreate
func validateCreate(*webhook, context.Context, *jobset.JobSet) ([]string, error)

var strategies = map[string]rest.RESTCreateStrategy{
	"Job": job.Strategy, "ConfigMap": configmap.Strategy, "Service": service.Strategy, "Secret": secret.Strategy, "Namespace": namespace.Strategy,
	"PersistentVolumeClaim": persistentvolumeclaim.Strategy, "NetworkPolicy": networkpolicy.Strategy, "Deployment": deployment.Strategy,
	"PodDisruptionBudget": poddisruptionbudget.Strategy, "PriorityClass": priorityclass.Strategy,
}

var (
	strict   = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	security podpolicy.Evaluator
)

func main() {
	must(jobset.AddToScheme(legacyscheme.Scheme))
	must(trainer.AddToScheme(legacyscheme.Scheme))
	evaluator, err := podpolicy.NewEvaluator(podpolicy.DefaultChecks(), nil)
	must(err)
	security = evaluator
	refused := 0
	for _, file := range os.Args[1:] {
		content, err := os.ReadFile(file)
		must(err)
		documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			must(err)
			if len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			name, problem := check(document)
			if runtime.IsNotRegisteredError(problem) {
				fmt.Printf("skipped  %v\n", problem)
			} else if problem == nil {
				fmt.Printf("accepted %s\n", name)
			} else {
				refused++
				fmt.Printf("refused  %s: %v\n", name, problem)
			}
		}
	}
	if refused > 0 {
		os.Exit(1)
	}
}

func check(document []byte) (string, error) {
	object, kind, err := strict.Decode(document, nil, nil)
	if kind == nil {
		kind = &schema.GroupVersionKind{}
	}
	if err != nil {
		return fmt.Sprintf("%s (%.40q)", kind.Kind, document), err
	}
	named, _ := object.(v1.Object)
	name := fmt.Sprintf("%s/%s", kind.Kind, named.GetName())
	switch typed := object.(type) {
	case *jobset.JobSet:
		return name, checkJobSet(typed)
	case *trainer.TrainingRuntime:
		spec := typed.Spec.Template.Spec
		return name, checkJobSet(&jobset.JobSet{ObjectMeta: typed.ObjectMeta, Spec: spec})
	case *trainer.TrainJob:
		return name, nil // decoded strictly; its webhook asks the API server for the runtime
	case *batchv1.Job:
		if err := checkPod(&typed.Spec.Template); err != nil {
			return name, err
		}
	case *appsv1.Deployment:
		if err := checkPod(&typed.Spec.Template); err != nil {
			return name, err
		}
	}
	return name, create(object, kind.Kind)
}

// What the webhook says, and what the API server would say about each Job that the controller makes of it.
func checkJobSet(set *jobset.JobSet) error {
	ctx := context.Background()
	if err := setDefaults(&webhook{}, ctx, set); err != nil {
		return err
	}
	for index := range set.Spec.ReplicatedJobs {
		if set.Spec.ReplicatedJobs[index].GroupName == "" {
			set.Spec.ReplicatedJobs[index].GroupName = "default" // as the definition of the resource says
		}
	}
	if _, err := validateCreate(&webhook{}, ctx, set); err != nil {
		return err
	}
	for _, one := range set.Spec.ReplicatedJobs {
		made := &batchv1.Job{
			TypeMeta:   v1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
			ObjectMeta: v1.ObjectMeta{Name: fmt.Sprintf("%s-%s-0", set.Name, one.Name), Namespace: set.Namespace, Labels: one.Template.Labels},
			Spec:       *one.Template.Spec.DeepCopy(),
		}
		if err := checkPod(&made.Spec.Template); err != nil {
			return fmt.Errorf("replicatedJob %s: %w", one.Name, err)
		}
		if err := create(made, "Job"); err != nil {
			return fmt.Errorf("replicatedJob %s: %w", one.Name, err)
		}
	}
	return nil
}

func checkPod(template *corev1.PodTemplateSpec) error {
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	result := podpolicy.AggregateCheckResults(security.EvaluatePod(level, &template.ObjectMeta, &template.Spec))
	if result.Allowed {
		return nil
	}
	return fmt.Errorf("violates PodSecurity restricted: %s", result.ForbiddenDetail())
}

func create(object runtime.Object, kind string) error {
	strategy, known := strategies[kind]
	if !known {
		return fmt.Errorf("%s: not a kind that is checked here", kind)
	}
	legacyscheme.Scheme.Default(object)
	internal, err := legacyscheme.Scheme.ConvertToVersion(object, runtime.InternalGroupVersioner)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(internal.(v1.Object))
	if typed, isService := internal.(*core.Service); isService && typed.Spec.ClusterIP != "" {
		typed.Spec.ClusterIPs = []string{typed.Spec.ClusterIP} // what the API server's storage does before it validates
	}
	ctx := request.WithNamespace(request.NewContext(), internal.(v1.Object).GetNamespace())
	version := object.GetObjectKind().GroupVersionKind()
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{IsResourceRequest: true, Verb: "create", APIGroup: version.Group, APIVersion: version.Version})
	return rest.BeforeCreate(strategy, ctx, internal)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
}
