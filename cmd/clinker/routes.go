package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/api"
)

// route is a row of the table of calls as it is printed.
type route struct {
	Method   string   `json:"method"`
	Path     string   `json:"path"`
	Action   string   `json:"action,omitempty"`
	Since    string   `json:"since"`
	Until    string   `json:"until,omitempty"`
	Status   int      `json:"status"`
	Policies []string `json:"policies"`
	Body     bool     `json:"body"` // it takes one
}

func routesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "routes", Short: "List every call that the API answers",
		Long: `Prints the table that the API is made from: method, path, the key of the body for
actions, the microversions at which the call exists, the status of success, and the
policy rules that it asks.

Every path works with the project's id in it, too: /v3/PROJECT/volumes.`,
		Example: "  clinker routes | grep snapshots\n  clinker routes --json | jq -r '.[] | select(.status == 202) | .path'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(routeTable())
			}
			return printRoutes(cmd.OutOrStdout())
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func routeTable() []route {
	rows := []route{}
	for _, r := range api.Routes() {
		row := route{Method: r.Method, Path: "/v3" + r.Path, Action: r.Action, Since: r.Since.String(), Status: r.Status, Policies: []string{}, Body: r.Schema != nil}
		if r.Until != 0 {
			row.Until = r.Until.String()
		}
		if r.Policy != "" {
			row.Policies = append(row.Policies, r.Policy)
		}
		row.Policies = slices.Concat(row.Policies, r.Checks, r.Also)
		rows = append(rows, row)
	}
	return rows
}

func printRoutes(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "METHOD\tPATH\tACTION\tVERSIONS\tSTATUS\tPOLICY")
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	for _, r := range routeTable() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s-%s\t%d\t%s\n", r.Method, r.Path, dash(r.Action), r.Since, r.Until, r.Status, dash(strings.Join(r.Policies, ",")))
	}
	return w.Flush()
}
