package standalone

import "strconv"

// CloudsYAML is the clouds.yaml of a service that listens at endpoint (scheme,
// host and port), for the cloud of this name. The version is the newest that
// the openstack client of Debian 12 can use: it always sends force with a
// snapshot, which is an error from 3.66 on.
func CloudsYAML(cloud, endpoint string, c Config) string {
	region := c.Region
	if region == "" {
		region = "RegionOne"
	}
	q := strconv.Quote // JSON's escapes are YAML's
	return "clouds:\n" +
		"  " + q(cloud) + ":\n" +
		"    auth_type: password\n" +
		"    auth:\n" +
		"      auth_url: " + q(endpoint+"/identity/v3") + "\n" +
		"      username: " + q(c.UserName) + "\n" +
		"      password: " + q(c.Password) + "\n" +
		"      project_name: " + q(c.ProjectName) + "\n" +
		"      user_domain_id: default\n" +
		"      project_domain_id: default\n" +
		"    region_name: " + q(region) + "\n" +
		"    identity_api_version: 3\n" +
		"    volume_api_version: '3.65'\n"
}
