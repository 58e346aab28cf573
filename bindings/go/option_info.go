package hfx

// #include <hfx.h>
import "C"

// OptionType is what an option holds.
type OptionType int32

// The types of options.
const (
	TypeBool   OptionType = C.HFX_TYPE_BOOL
	TypeInt    OptionType = C.HFX_TYPE_INT
	TypeString OptionType = C.HFX_TYPE_STRING
	TypeSecret OptionType = C.HFX_TYPE_SECRET
	TypeList   OptionType = C.HFX_TYPE_LIST
	TypeChoice OptionType = C.HFX_TYPE_CHOICE
)

// OptionInfo is one row of the library's table of options.
type OptionInfo struct {
	Name     string // what WithOption takes
	Doc      string
	Type     OptionType
	Default  string // as text
	Min, Max int64  // of a number
	PerJob   bool   // may be given with a call; else it is the client's
	Env      []string
	Choices  []string
}

// Options lists every option of the library that runs, for flags, settings files and help texts.
func Options() []OptionInfo {
	rows := make([]OptionInfo, int(C.hfx_option_count()))
	for i := range rows {
		option := C.hfx_option_at(C.size_t(i))
		var least, most C.int64_t
		C.hfx_option_bounds(option, &least, &most)
		rows[i] = OptionInfo{
			Name:    C.GoString(C.hfx_option_name(option)),
			Doc:     C.GoString(C.hfx_option_doc(option)),
			Type:    OptionType(C.hfx_option_type(option)),
			Default: C.GoString(C.hfx_option_default(option)),
			Min:     int64(least),
			Max:     int64(most),
			PerJob:  C.hfx_option_per_job(option) != 0,
			Env:     list(func(n C.size_t) *C.char { return C.hfx_option_env(option, n) }),
			Choices: list(func(n C.size_t) *C.char { return C.hfx_option_choice(option, n) }),
		}
	}
	return rows
}

// list reads texts by index up to the first NULL.
func list(at func(C.size_t) *C.char) []string {
	var texts []string
	for i := C.size_t(0); ; i++ {
		text := at(i)
		if text == nil {
			return texts
		}
		texts = append(texts, C.GoString(text))
	}
}
