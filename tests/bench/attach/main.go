// Command attach makes a volume on a running service, attaches it to an
// initiator name and prints what the initiator needs as shell assignments:
// PORTAL, TARGET, LUN, CHAP_USER, ISCSI_PASSWORD.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"time"
)

func main() {
	endpoint := flag.String("endpoint", "", "volumev3 endpoint with the project")
	initiator := flag.String("initiator", "iqn.2026-11.io.clinker:bench", "initiator name")
	gib := flag.Int("size", 1, "GiB")
	flag.Parse()
	if err := attach(strings.TrimRight(*endpoint, "/"), *initiator, *gib); err != nil {
		fmt.Fprintln(os.Stderr, "attach:", err)
		os.Exit(1)
	}
}

func attach(endpoint, initiator string, gib int) error {
	var made struct{ Volume struct{ ID, Status string } }
	if err := call(http.MethodPost, endpoint, "/volumes", map[string]any{"volume": map[string]any{"size": gib}}, &made); err != nil {
		return err
	}
	id := made.Volume.ID
	for begun := time.Now(); made.Volume.Status != "available"; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute || strings.HasPrefix(made.Volume.Status, "error") {
			return fmt.Errorf("volume %s is in status %s", id, made.Volume.Status)
		}
		if err := call(http.MethodGet, endpoint, "/volumes/"+id, nil, &made); err != nil {
			return err
		}
	}
	var out struct {
		Attachment struct {
			Info struct {
				Portal   string `json:"target_portal"`
				IQN      string `json:"target_iqn"`
				LUN      int    `json:"target_lun"`
				User     string `json:"auth_username"`
				Password string `json:"auth_password"`
			} `json:"connection_info"`
		}
	}
	body := map[string]any{"attachment": map[string]any{"volume_uuid": id, "mode": "rw",
		"connector": map[string]string{"initiator": initiator, "host": "bench"}}}
	if err := call(http.MethodPost, endpoint, "/attachments", body, &out); err != nil {
		return err
	}
	c := out.Attachment.Info
	fmt.Printf("PORTAL=%s\nTARGET=%s\nLUN=%d\nCHAP_USER=%s\nISCSI_PASSWORD=%s\n", quote(c.Portal), quote(c.IQN), c.LUN, quote(c.User), quote(c.Password))
	return nil
}

// quote makes a word of the shell's.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func call(method, endpoint, below string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, endpoint+below, strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	req.Header.Set("X-Auth-Token", "bench:"+path.Base(endpoint))
	req.Header.Set("OpenStack-API-Version", "volume 3.54")
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, below, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
