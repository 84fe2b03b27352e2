package image

import (
	"fmt"
	"strings"
)

// Allowed is nil when an image of that disk format may become a volume, or,
// with upload, a volume such an image: *NotAllowed when image_conversion_disable
// forbids it. Volumes are raw.
func (c *Converter) Allowed(diskFormat string, upload bool) error {
	switch f := strings.ToLower(diskFormat); {
	case !c.opts.DisableConversion || f == Raw:
		return nil
	case upload:
		return &NotAllowed{fmt.Sprintf("Image conversion is disabled. The image disk_format you have requested is '%s', "+
			"but your volume can only be uploaded in the format 'raw'.", f)}
	default:
		return &NotAllowed{fmt.Sprintf("Image conversion is disabled. The volume type you have requested requires that the image "+
			"it is being created from be in 'raw' format, but the image you are using has the disk_format property '%s'. "+
			"You must use an image with the disk_format property 'raw' to create a volume of this type.", f)}
	}
}
