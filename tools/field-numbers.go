// Command field-numbers prints the protobuf numbers of the fields of the messages that clients send in protobuf, as
// demo/src/protobuf/numbers.txt has them: for each type its name, then each field's JSON name with its number. A `?` after
// the number marks a pointer, whose zero is a value; `+Type=number` is a message whose fields stand among the type's own.
// Run it where the modules are: cd tests/control-plane/kubernetes && go run ../../../tools/field-numbers.go
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	policy "k8s.io/api/policy/v1"
	storage "k8s.io/api/storage/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var roots = []any{
	core.Namespace{}, core.Node{}, core.Pod{}, core.Service{}, core.PersistentVolumeClaim{}, core.PersistentVolume{},
	core.Event{}, discovery.EndpointSlice{}, apps.StatefulSet{}, apps.Deployment{}, apps.ReplicaSet{},
	apps.ControllerRevision{}, storage.StorageClass{}, autoscaling.Scale{}, policy.Eviction{}, meta.DeleteOptions{},
	authorization.SelfSubjectAccessReview{}, authorization.SelfSubjectRulesReview{}, authentication.SelfSubjectReview{},
}

// Types that are no messages of fields in JSON.
var special = map[string]bool{
	"Time": true, "MicroTime": true, "Quantity": true, "IntOrString": true, "FieldsV1": true, "RawExtension": true,
	"Duration": true,
}

type numbers struct {
	lines map[string]string
	of    map[string]reflect.Type
}

func (n *numbers) add(t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || special[t.Name()] {
		return
	}
	if known, ok := n.of[t.Name()]; ok {
		if known != t {
			fmt.Fprintf(os.Stderr, "two types have the name %s: %s and %s\n", t.Name(), known.PkgPath(), t.PkgPath())
			os.Exit(1)
		}
		return
	}
	n.of[t.Name()] = t
	words := []string{t.Name()}
	for i := range t.NumField() {
		field := t.Field(i)
		protobuf := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(protobuf) < 2 {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		pointer := ""
		if field.Type.Kind() == reflect.Pointer {
			pointer = "?"
		}
		if name == "" && field.Anonymous {
			name = "+" + field.Type.Name()
		}
		words = append(words, name+"="+protobuf[1]+pointer)
		n.add(field.Type)
	}
	n.lines[t.Name()] = strings.Join(words, " ")
}

func main() {
	all := numbers{lines: map[string]string{}, of: map[string]reflect.Type{}}
	for _, root := range roots {
		all.add(reflect.TypeOf(root))
	}
	lines := make([]string, 0, len(all.lines))
	for _, line := range all.lines {
		lines = append(lines, line)
	}
	sort.Strings(lines)
	fmt.Println(strings.Join(lines, "\n"))
}
