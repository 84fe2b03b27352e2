package keystonetest

import "net/url"

// ServiceProject is the project of the users of services.
const ServiceProject = "service"

// ServiceUser makes a user of a service: an administrator in the project of
// services who may present its token as X-Service-Token.
func (s *Server) ServiceUser(name string) User {
	s.t.Helper()
	project := s.Find("/projects?name="+ServiceProject, "projects")
	if project == "" {
		project = s.Project(ServiceProject)
	}
	u := s.User(name)
	s.Grant(u, OfProject(project), "admin")
	s.Grant(u, OfProject(project), "service")
	return u
}

// Register puts a service into the catalogue, with one URL for every interface.
func (s *Server) Register(kind, name, at string) {
	s.t.Helper()
	id := s.Find("/services?type="+url.QueryEscape(kind)+"&name="+url.QueryEscape(name), "services")
	if id == "" {
		id = s.create("/services", "service", map[string]any{"type": kind, "name": name})
	}
	for _, face := range []string{"public", "internal", "admin"} {
		s.create("/endpoints", "endpoint", map[string]any{"service_id": id, "interface": face, "url": at, "region_id": Region})
	}
}
