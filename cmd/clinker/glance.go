package main

import (
	"slices"
	"time"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/volume"
	"github.com/clinker-io/clinker/volume/image"
)

// openGlance makes the client of the image service, nil where nobody says how to
// log in to Keystone.
func openGlance(cfg *config.Config) (*glance.Client, error) {
	d := cfg.Default
	if d.AuthStrategy == "noauth" {
		return nil, nil
	}
	l := glanceLogin(cfg)
	if l.AuthURL == "" {
		return nil, nil
	}
	session, err := openstack.NewSession(l)
	if err != nil {
		return nil, err
	}
	return glance.New(glance.Config{Session: session, Servers: d.GlanceServers, Catalog: d.GlanceCatalog, Region: cfg.Glance.Region,
		ServiceToken: cfg.Service.SendToken, Retries: d.GlanceRetries, Timeout: config.Seconds(d.GlanceTimeout),
		TLS: session.TLS(openstack.TLS{CAFile: d.GlanceCAFile, CertFile: d.GlanceCertFile, KeyFile: d.GlanceKeyFile, Insecure: d.GlanceInsecure})})
}

// glanceLogin is our own user towards Glance: the first section that names one.
func glanceLogin(cfg *config.Config) openstack.Login {
	switch {
	case cfg.Glance.AuthURL != "":
		return login("glance", cfg.Glance.Login)
	case cfg.Service.AuthURL != "":
		return login("service_user", cfg.Service.Login)
	}
	return login("keystone_authtoken", cfg.Keystone.Login)
}

func imageOptions(d config.Images) api.ImageOptions {
	return api.ImageOptions{VerifySignatures: d.Signatures == "enabled", ForceUpload: d.ForceUpload, AllowCompression: d.AllowCompression,
		CoreProperties: d.CoreProperties, Reserved: d.Reserved}
}

// images is how the worker of a backend deals with images.
func (b *base) images(c config.Backend) (volume.Images, error) {
	d := b.cfg.Default
	client, err := openGlance(b.cfg)
	return volume.Images{Glance: client,
		Converter: image.New(image.Options{Dir: d.ConversionDir, DisableConversion: d.ConversionDisable, CompressOnUpload: d.CompressOnUpload,
			AllowCompressed: d.AllowCompression, VMDKTypes: d.VMDKTypes, CPULimit: time.Duration(d.ConversionCPU) * time.Second,
			AddressSpace: int64(d.ConversionMemory) << 30}),
		VerifySignatures: d.Signatures == "enabled", CloneLocations: slices.Contains(d.DirectSchemes, "cinder"),
		CacheEnabled: c.CacheEnabled, CacheMaxGiB: c.CacheMaxGiB, CacheMaxCount: c.CacheMaxCount,
		InternalProject: d.InternalProject, InternalUser: d.InternalUser,
		UploadAsVolume: c.UploadAsVolume, UploadIntoInternal: c.UploadIntoInternal}, err
}
