package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// resourceFilters reads the file of resource_query_filters_file; nil without one.
func resourceFilters(path string) (map[string][]string, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("option resource_query_filters_file: %w", err)
	}
	filters := map[string][]string{}
	if err := json.Unmarshal(raw, &filters); err != nil {
		return nil, fmt.Errorf("option resource_query_filters_file: %s is not an object of resources with lists of filters: %w", path, err)
	}
	return filters, nil
}
