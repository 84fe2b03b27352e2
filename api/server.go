package api

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/policy"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

// Config is what the API needs. The zero value of a field named in New works.
type Config struct {
	Store  *db.Store
	Auth   auth.Authenticator
	Policy policy.Source
	Logger *slog.Logger
	// PublicEndpoint replaces scheme and host of links and prefixes their path.
	PublicEndpoint string
	// MaxLimit is the most items of one page, and how many without a limit.
	MaxLimit int
	// ProjectIDPattern matches the project ids of paths (project_id_regex).
	ProjectIDPattern string
	// TrustProxyHeaders lets X-Forwarded-Host and -Proto decide on links.
	TrustProxyHeaders bool
	// DefaultVolumeType is the name of the type of volumes made without one.
	DefaultVolumeType string
	// DefaultGroupType is the name of the group type that /group_types/default shows.
	DefaultGroupType string
	// DefaultAvailabilityZone is that of volumes made without one.
	DefaultAvailabilityZone string
	// ZoneFallback takes the default zone where one asked for does not exist.
	ZoneFallback bool
	// ClonesAcrossZones lets a copy be in another zone than its source.
	ClonesAcrossZones bool
	// TransferKeyLength is the hexadecimal digits of the key of a transfer, and
	// TransferSaltLength the bytes of its salt; 0 is 16 and 8.
	TransferKeyLength, TransferSaltLength int
	// WaitLimit bounds how long a call waits for a worker; 0 is a minute.
	WaitLimit time.Duration
	// ResourceFilters is what users may filter lists by; nil: upstream's file.
	ResourceFilters map[string][]string
	// ReplyTo is the queue on which this process learns that a job ended.
	ReplyTo string
	// Compute is asked before a server's volume is detached; nil: there is no
	// compute service.
	Compute Compute
	// Images is the image service; nil: there is none.
	Images *glance.Client
	ImageOptions
	// Keys is where the keys of encrypted volumes are; nil: nowhere.
	Keys keymanager.Manager
	// VolumeName makes the name of a volume in its pool (volume_name_template).
	VolumeName string
	// PoolsOfType tells which of the pools the scheduler would use for a volume
	// type; nil: all.
	PoolsOfType func(db.VolumeType, []db.LivePool) ([]bool, error)
	// Host names this process where services are listed by host.
	Host string
	// Logs are the loggers of this process; nil: it has none to tell of.
	Logs LogLevels
	// Healthcheck is asked by /healthcheck; nil is always well.
	Healthcheck func(context.Context) error
}

// API serves the calls.
type API struct {
	Config
	projectID *regexp.Regexp
	router    http.Handler
	handler   http.Handler
}

// New returns the service. It panics on a mistake in the package's own tables
// and on a ProjectIDPattern that does not compile.
//
// Without them Auth is NoAuth, Policy has the defaults, MaxLimit is 1000, the
// type __DEFAULT__, the zone nova.
func New(c Config) *API {
	c.setDefaults()
	a := &API{Config: c, projectID: regexp.MustCompile("^(?:" + c.ProjectIDPattern + ")$")}
	a.router = a.newRouter(Routes())
	a.handler = requestIDs(a.recoverer(http.HandlerFunc(a.dispatch)))
	return a
}

func (c *Config) setDefaults() {
	if c.Auth == nil {
		c.Auth = auth.NoAuth{}
	}
	if c.Policy == nil {
		e, err := policy.New(policy.Options{})
		if err != nil {
			panic(err)
		}
		c.Policy = e
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxLimit == 0 {
		c.MaxLimit = 1000
	}
	if c.ProjectIDPattern == "" {
		c.ProjectIDPattern = `[0-9a-f\-]+`
	}
	if c.DefaultVolumeType == "" {
		c.DefaultVolumeType = "__DEFAULT__"
	}
	if c.DefaultAvailabilityZone == "" {
		c.DefaultAvailabilityZone = "nova"
	}
	if c.Keys == nil {
		c.Keys = keymanager.None{}
	}
	if c.VolumeName == "" {
		c.VolumeName = "volume-%s"
	}
	if c.TransferKeyLength == 0 {
		c.TransferKeyLength = 16
	}
	if c.TransferSaltLength == 0 {
		c.TransferSaltLength = 8
	}
	if c.ResourceFilters == nil {
		c.ResourceFilters = defaultFilters
	}
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// dispatch tells the calls of v3 from what needs no token.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case undecodable(path) || undecodableQuery(r.URL.RawQuery):
		a.fault(w, r, noVersion, errUndecodable)
	case path == "/" || path == "":
		a.versions(w, r, http.StatusMultipleChoices)
	case path == "/v3" || path == "/v3/":
		a.versions(w, r, http.StatusOK)
	case path == "/healthcheck":
		a.healthcheck(w, r)
	case strings.HasPrefix(path, "/v3/"):
		a.authenticated(w, r)
	default:
		notRouted(w, r)
	}
}

// authenticated is the way of every call with a token: size, token, route.
func (a *API) authenticated(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Compute-Request-Id", requestID(r.Context()))
	if r.ContentLength > maxBody {
		tooLarge(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id := a.Auth.Authenticate(w, r)
	if id == nil {
		return
	}
	a.router.ServeHTTP(w, r.WithContext(auth.With(r.Context(), id)))
}
