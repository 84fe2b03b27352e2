package api

type serviceBody struct {
	Host    string  `json:"host"`
	Cluster string  `json:"cluster"`
	Binary  string  `json:"binary"`
	Service string  `json:"service"`
	Reason  *string `json:"disabled_reason"`
}

func (a *API) enableService(r *Request) (Response, error)     { return a.setService(r, false, false) }
func (a *API) disableService(r *Request) (Response, error)    { return a.setService(r, true, false) }
func (a *API) disableServiceFor(r *Request) (Response, error) { return a.setService(r, true, true) }

// setService answers with both names of the binary as they were sent.
func (a *API) setService(r *Request, disabled, forReason bool) (Response, error) {
	var b serviceBody
	if err := r.Decode(&b); err != nil {
		return Response{}, err
	}
	if b.Host == "" {
		return Response{}, badRequest("Invalid input received: Host field is missing.")
	}
	binary := b.Binary
	if binary == "" {
		binary = b.Service
	}
	if err := a.Store.DisableService(r.Context(), b.Host, binary, disabled, b.Reason); err != nil {
		return Response{}, err
	}
	return JSON(func(out []byte) []byte {
		out = appendString(append(out, `{"host": `...), b.Host)
		out = appendString(append(out, `, "service": `...), b.Service)
		out = appendString(append(out, `, "binary": `...), b.Binary)
		out = appendString(append(out, `, "status": `...), word(disabled, "disabled", "enabled"))
		out = appendBool(append(out, `, "disabled": `...), disabled)
		if forReason {
			out = appendStringOrNull(append(out, `, "disabled_reason": `...), b.Reason)
		}
		return append(out, '}')
	}), nil
}

// ReplicatesClusters: from 3.26 freeze, thaw and failover_host take a cluster for the host.
func (m Microversion) ReplicatesClusters() bool { return m >= 26 }

func (a *API) freezeService(r *Request) (Response, error) {
	return a.freeze(r, "volume:freeze_host", true)
}
func (a *API) thawService(r *Request) (Response, error) {
	return a.freeze(r, "volume:thaw_host", false)
}

// freeze keeps new volumes off a backend or a cluster, or ends that; the answer
// is null.
func (a *API) freeze(r *Request, rule string, frozen bool) (Response, error) {
	host, cluster, err := r.hostOrCluster(rule)
	if err != nil {
		return Response{}, err
	}
	if err := a.Store.Freeze(r.Context(), host, cluster, frozen); err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return append(b, "null"...) }), nil
}

// failoverService is refused by every backend: none replicates.
func (a *API) failoverService(r *Request) (Response, error) {
	host, cluster, err := r.hostOrCluster("volume:failover_host")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RefuseFailover(r.Context(), host, cluster)
}

// hostOrCluster is the one of the two that a body names; the rule is asked
// once that is clear.
func (r *Request) hostOrCluster(rule string) (host, cluster string, err error) {
	var b serviceBody
	if err := r.Decode(&b); err != nil {
		return "", "", err
	}
	byCluster := r.Microversion.ReplicatesClusters()
	switch {
	case byCluster && (b.Host == "") == (b.Cluster == ""):
		return "", "", badRequest("Invalid input received: One and only one of cluster and host must be set.")
	case !byCluster && b.Host == "":
		return "", "", badRequest("Invalid input received: Host field is missing.")
	case !byCluster:
		b.Cluster = ""
	}
	return b.Host, b.Cluster, r.Authorize(rule, r.Identity.ProjectID)
}
