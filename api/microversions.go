package api

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Microversion is N of 3.N.
type Microversion int

func (m Microversion) String() string { return "3." + strconv.Itoa(int(m)) }

// MaxMicroversion is the newest that is spoken.
const MaxMicroversion Microversion = 71

// Behaviour that changed with a microversion, each with its sentence from the
// history. Fields and schemas name their version themselves.

// ManagesInClusters: from 3.16 a manage takes a cluster in the place of a host.
func (m Microversion) ManagesInClusters() bool { return m >= 16 }

// ListsManageableInClusters: from 3.17 the lists of manageable things do so too.
func (m Microversion) ListsManageableInClusters() bool { return m >= 17 }

// StrictBooleanFilters: from 3.2 a filter such as bootable takes boolean words only.
func (m Microversion) StrictBooleanFilters() bool { return m >= 2 }

// UploadsWithVisibility: from 3.1 an upload to an image says who sees it and
// whether it is protected.
func (m Microversion) UploadsWithVisibility() bool { return m >= 1 }

// MetadataETags: from 3.15 metadata has an ETag, and writes heed If-Match.
func (m Microversion) MetadataETags() bool { return m >= 15 }

// DeletesByForce: from 3.23 the delete of a volume takes force.
func (m Microversion) DeletesByForce() bool { return m >= 23 }

// SortsSnapshotsByName: from 3.30 snapshots may be sorted by name.
func (m Microversion) SortsSnapshotsByName() bool { return m >= 30 }

// FiltersByFile: from 3.31 the operator's file says which filters users have,
// and others are refused instead of dropped.
func (m Microversion) FiltersByFile() bool { return m >= 31 }

// LikeFilters: from 3.34 name~=part means contains.
func (m Microversion) LikeFilters() bool { return m >= 34 }

// SummaryMetadata: from 3.36 the summary of volumes has their metadata.
func (m Microversion) SummaryMetadata() bool { return m >= 36 }

// ProjectLimits: from 3.39 an administrator may ask for another project's limits.
func (m Microversion) ProjectLimits() bool { return m >= 39 }

// ExtendsAttached: from 3.42 a volume in use may be extended.
func (m Microversion) ExtendsAttached() bool { return m >= 42 }

// CountsItems: from 3.45 with_count=true gives the number of all matches.
func (m Microversion) CountsItems() bool { return m >= 45 }

// TakesNovaImages: from 3.46 an image without data that Nova made of a server
// with a volume stands for the snapshot that it names.
func (m Microversion) TakesNovaImages() bool { return m >= 46 }

// VolumeTypeIsName: from 3.63 volume_type is always the name, beside volume_type_id.
func (m Microversion) VolumeTypeIsName() bool { return m >= 63 }

// SnapshotsInUse: from 3.66 a volume in use needs no force for a snapshot;
// force=true is ignored and force=false refused.
func (m Microversion) SnapshotsInUse() bool { return m >= 66 }

// NullSharedTargets: from 3.69 shared_targets may be null; before, null is shown as true.
func (m Microversion) NullSharedTargets() bool { return m >= 69 }

const versionHeader = "OpenStack-API-Version"

// version is what the answer's headers say: the version that was understood,
// or on 406 the one that was asked for.
type version struct{ text string }

// noVersion leaves the headers out.
var noVersion = version{}

func (v version) setHeaders(h http.Header) {
	// Upstream takes a text with 1.0 or 2.0 in it for one of its retired versions.
	if v.text == "" || strings.Contains(v.text, "1.0") || strings.Contains(v.text, "2.0") {
		return
	}
	h.Set(versionHeader, "volume "+v.text)
	h.Set("Vary", versionHeader)
}

func (m Microversion) version() version { return version{"3." + strconv.Itoa(int(m))} }

var versionText = regexp.MustCompile(`^([1-9][0-9]*)\.([1-9][0-9]*|0)$`)

// negotiate reads the version header: a list of services, of which the first
// with the word volume counts.
func negotiate(h http.Header) (Microversion, version, error) {
	values := h.Values(versionHeader)
	if len(values) == 0 {
		return 0, Microversion(0).version(), nil
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if !strings.Contains(part, "volume") {
			continue
		}
		words := strings.Fields(part)
		if len(words) != 2 {
			break
		}
		return parseVersion(words[1])
	}
	return 0, noVersion, &Fault{Status: http.StatusBadRequest}
}

// known are the versions as clients write them.
var known = func() map[string]Microversion {
	all := map[string]Microversion{"latest": MaxMicroversion}
	for m := range MaxMicroversion + 1 {
		all[m.version().text] = m
	}
	return all
}()

func parseVersion(text string) (Microversion, version, error) {
	if m, ok := known[text]; ok {
		return m, m.version(), nil
	}
	if !versionText.MatchString(text) {
		return 0, noVersion, badRequest("API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.", text)
	}
	return 0, version{text}, &Fault{http.StatusNotAcceptable,
		fmt.Sprintf("Version %s is not supported by the API. Minimum is 3.0 and maximum is 3.%d.", text, MaxMicroversion)}
}
