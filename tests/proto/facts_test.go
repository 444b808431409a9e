package proto

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// facts says everything that decides how a package looks on the wire, one sentence per full name.
// Two descriptions are interchangeable when their facts are equal, and where they are not, the name
// that differs is the whole explanation.
type facts map[protoreflect.FullName]string

// factsOf flattens every file: messages with their fields and oneofs, enums with their values,
// services with their methods. Comments, options for other languages and order are not facts.
func factsOf(files []protoreflect.FileDescriptor) facts {
	f := facts{}
	for _, file := range files {
		f.addMessages(file.Messages())
		f.addEnums(file.Enums())
		f.addServices(file.Services())
	}
	return f
}

func (f facts) addMessages(messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		m := messages.Get(i)
		if m.IsMapEntry() { // its key and value are told by the field that uses it
			continue
		}
		f[m.FullName()] = "message in " + m.ParentFile().Path()
		for j := range m.Fields().Len() {
			f[m.Fields().Get(j).FullName()] = describeField(m.Fields().Get(j))
		}
		for j := range m.Oneofs().Len() {
			if o := m.Oneofs().Get(j); !o.IsSynthetic() {
				f[o.FullName()] = "oneof"
			}
		}
		f.addMessages(m.Messages())
		f.addEnums(m.Enums())
	}
}

func (f facts) addEnums(enums protoreflect.EnumDescriptors) {
	for i := range enums.Len() {
		e := enums.Get(i)
		f[e.FullName()] = "enum in " + e.ParentFile().Path()
		for j := range e.Values().Len() {
			v := e.Values().Get(j)
			// A value's own full name is its enum's sibling; say whose it is.
			f[e.FullName().Append(v.Name())] = fmt.Sprintf("value = %d", v.Number())
		}
	}
}

func (f facts) addServices(services protoreflect.ServiceDescriptors) {
	for i := range services.Len() {
		s := services.Get(i)
		f[s.FullName()] = "service in " + s.ParentFile().Path()
		for j := range s.Methods().Len() {
			m := s.Methods().Get(j)
			f[m.FullName()] = fmt.Sprintf("rpc (%s%s) returns (%s%s)",
				streamWord(m.IsStreamingClient()), m.Input().FullName(),
				streamWord(m.IsStreamingServer()), m.Output().FullName())
		}
	}
}

func streamWord(streams bool) string {
	if streams {
		return "stream "
	}
	return ""
}

// describeField names label, presence, type, number, oneof, packing and JSON name.
func describeField(d protoreflect.FieldDescriptor) string {
	var words []string
	switch {
	case d.IsMap():
		words = append(words, fmt.Sprintf("map<%s, %s>", typeOf(d.MapKey()), typeOf(d.MapValue())))
	case d.IsList():
		words = append(words, "repeated", typeOf(d))
	case d.HasOptionalKeyword():
		words = append(words, "optional", typeOf(d))
	default:
		words = append(words, typeOf(d))
	}
	words = append(words, fmt.Sprintf("= %d", d.Number()))
	if o := d.ContainingOneof(); o != nil && !o.IsSynthetic() {
		words = append(words, "in oneof "+string(o.Name()))
	}
	if d.HasPresence() {
		words = append(words, "with presence")
	}
	if d.IsPacked() {
		words = append(words, "packed")
	}
	return strings.Join(append(words, "as "+d.JSONName()), " ")
}

func typeOf(d protoreflect.FieldDescriptor) string {
	switch {
	case d.Enum() != nil:
		return "enum " + string(d.Enum().FullName())
	case d.Message() != nil:
		return string(d.Message().FullName())
	default:
		return d.Kind().String()
	}
}

// without removes the names and all that lies below them, and returns the names that were not there.
func (f facts) without(names []protoreflect.FullName) (unknown []protoreflect.FullName) {
	for _, name := range names {
		if _, ok := f[name]; !ok {
			unknown = append(unknown, name)
			continue
		}
		maps.DeleteFunc(f, func(n protoreflect.FullName, _ string) bool {
			return n == name || strings.HasPrefix(string(n), string(name)+".")
		})
	}
	return unknown
}

// difference lists, in the order of their names, what one side says and the other does not.
func difference(ours, theirs facts) (lines []string) {
	names := map[protoreflect.FullName]bool{}
	for name := range ours {
		names[name] = true
	}
	for name := range theirs {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		our, inOurs := ours[name]
		their, inTheirs := theirs[name]
		switch {
		case !inOurs:
			lines = append(lines, fmt.Sprintf("%s\n    ours:   missing\n    theirs: %s", name, their))
		case !inTheirs:
			lines = append(lines, fmt.Sprintf("%s\n    ours:   %s\n    theirs: missing", name, our))
		case our != their:
			lines = append(lines, fmt.Sprintf("%s\n    ours:   %s\n    theirs: %s", name, our, their))
		}
	}
	return lines
}
