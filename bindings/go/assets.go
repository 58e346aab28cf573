package hfx

// #include <hfx.h>
import "C"

// AssetsPath makes and names the folder where a library may keep its own assets beside the cache, as the Python client's
// cached_assets_path; empty parts become "default".
func (c *Client) AssetsPath(library, namespace, subfolder string) (string, error) {
	var x call
	defer x.free()
	l, n, s := x.text(library), x.optional(namespace), x.optional(subfolder)
	if x.bad != nil {
		return "", x.bad
	}
	var path *C.hfx_string
	err := c.use(func(client *C.hfx_client, err **C.hfx_error) C.hfx_status {
		return C.hfx_client_assets_path(client, l, n, s, &path, err)
	})
	defer C.hfx_string_free(path)
	return C.GoString(C.hfx_string_text(path)), err
}
