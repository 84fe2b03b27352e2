package image

// signatureProperties are those that Glance describes a signature with.
var signatureProperties = []string{
	"img_signature", "img_signature_hash_method", "img_signature_key_type", "img_signature_certificate_uuid",
}

// CheckSignature refuses an image whose properties say that it is signed, as
// verify_glance_signatures = enabled asks for, with *Unsafe: a signature that
// cannot be verified is none. An image without those properties passes.
func CheckSignature(properties map[string]string) error {
	given := 0
	for _, name := range signatureProperties {
		if _, ok := properties[name]; ok {
			given++
		}
	}
	switch given {
	case 0:
		return nil
	case len(signatureProperties):
		return unsafef("it is signed, and this service cannot verify signatures of images; " +
			"an operator may set verify_glance_signatures = disabled")
	}
	return unsafef("the description of its signature is not complete")
}
