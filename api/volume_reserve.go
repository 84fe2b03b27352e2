package api

func (a *API) reserveVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_actions:reserve")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.HoldVolume(r.Context(), v.ID, v.Multiattach)
}

func (a *API) unreserveVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_actions:unreserve")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.UnholdVolume(r.Context(), v.ID)
}

func (a *API) beginDetaching(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_actions:begin_detaching")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.BeginDetach(r.Context(), v.ID)
}

func (a *API) rollDetaching(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_actions:roll_detaching")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RollDetach(r.Context(), v.ID)
}
