package iscsi

import (
	"strconv"
	"strings"
)

// Params are what a login agreed on.
type Params struct {
	HeaderDigest, DataDigest  bool
	InitialR2T, ImmediateData bool
	MaxRecv                   int // longest data segment that the initiator takes
	MaxBurst, FirstBurst      int
	OutstandingR2T            int
}

func defaultParams() Params {
	return Params{InitialR2T: true, ImmediateData: true, MaxRecv: defaultMaxRecv,
		MaxBurst: defaultMaxBurst, FirstBurst: defaultFirstBurst, OutstandingR2T: 1}
}

// kind is how a key is negotiated (RFC 7143, 6.2).
type kind uint8

const (
	declared kind = iota // each side says its own
	listOf               // first of the initiator's that we know
	either               // boolean or
	both                 // boolean and
	smaller
	larger
	constant // always the same answer
)

// keySpec is a row: how we answer an operational key.
type keySpec struct {
	kind      kind
	lo, hi    int
	ours      int
	known     string // listOf: what we know, space separated; constant: the answer
	discovery bool   // counts in discovery sessions too (RFC 7143, 13)
	set       func(*Params, string, int)
}

// keys of the operational stage.
var keys = map[string]keySpec{
	"HeaderDigest": {kind: listOf, known: "CRC32C None", discovery: true,
		set: func(p *Params, v string, _ int) { p.HeaderDigest = v == "CRC32C" }},
	"DataDigest": {kind: listOf, known: "CRC32C None", discovery: true,
		set: func(p *Params, v string, _ int) { p.DataDigest = v == "CRC32C" }},
	"MaxRecvDataSegmentLength": {kind: declared, lo: minSegment, hi: maxSegment, discovery: true,
		set: func(p *Params, _ string, n int) { p.MaxRecv = n }},
	"InitialR2T":    {kind: either, ours: 0, set: func(p *Params, _ string, n int) { p.InitialR2T = n == 1 }},
	"ImmediateData": {kind: both, ours: 1, set: func(p *Params, _ string, n int) { p.ImmediateData = n == 1 }},
	"MaxBurstLength": {kind: smaller, lo: minSegment, hi: maxSegment, ours: ourMaxBurst,
		set: func(p *Params, _ string, n int) { p.MaxBurst = n }},
	"FirstBurstLength": {kind: smaller, lo: minSegment, hi: maxSegment, ours: ourFirstBurst,
		set: func(p *Params, _ string, n int) { p.FirstBurst = n }},
	"MaxOutstandingR2T": {kind: smaller, lo: 1, hi: 65535, ours: ourOutstandingR2T,
		set: func(p *Params, _ string, n int) { p.OutstandingR2T = n }},
	"MaxConnections":      {kind: smaller, lo: 1, hi: 65535, ours: 1},
	"DefaultTime2Wait":    {kind: larger, lo: 0, hi: 3600, ours: 0, discovery: true},
	"DefaultTime2Retain":  {kind: smaller, lo: 0, hi: 3600, ours: 0, discovery: true},
	"DataPDUInOrder":      {kind: either, ours: 1},
	"DataSequenceInOrder": {kind: either, ours: 1},
	"ErrorRecoveryLevel":  {kind: smaller, lo: 0, hi: 2, ours: 0, discovery: true},
	"TaskReporting":       {kind: listOf, known: "RFC3720"},
	"iSCSIProtocolLevel":  {kind: smaller, lo: 0, hi: 31, ours: 1},
	// Obsolete (RFC 7143, 13.25): refused, and not answered by NotUnderstood.
	"IFMarker":  {kind: constant, known: "No", discovery: true},
	"OFMarker":  {kind: constant, known: "No", discovery: true},
	"IFMarkInt": {kind: constant, known: "Reject", discovery: true},
	"OFMarkInt": {kind: constant, known: "Reject", discovery: true},
}

// Answers that stand for no value.
const (
	answerReject        = "Reject"
	answerIrrelevant    = "Irrelevant"
	answerNotUnderstood = "NotUnderstood"
)

// negotiate answers one key; an empty answer means that none is due.
func (p *Params) negotiate(key, value string, discovery bool) string {
	spec, ok := keys[key]
	switch {
	case value == answerReject || value == answerIrrelevant || value == answerNotUnderstood:
		return "" // an answer to something that we said
	case !ok:
		return answerNotUnderstood
	case discovery && !spec.discovery:
		return answerIrrelevant
	}
	answer, n := spec.choose(value)
	if answer == answerReject && spec.kind != constant {
		return answer
	}
	if spec.set != nil {
		spec.set(p, answer, n)
	}
	if spec.kind == declared {
		return ""
	}
	return answer
}

// choose is the answer to a value, as text and as number.
func (s *keySpec) choose(value string) (string, int) {
	switch s.kind {
	case constant:
		return s.known, 0
	case listOf:
		for v := range strings.SplitSeq(value, ",") {
			if strings.Contains(" "+s.known+" ", " "+v+" ") && v != "" {
				return v, 0
			}
		}
		return answerReject, 0
	case either, both:
		return s.chooseBool(value)
	}
	n, err := strconv.ParseInt(value, 0, 32)
	if err != nil || int(n) < s.lo || int(n) > s.hi {
		return answerReject, 0
	}
	switch s.kind {
	case smaller:
		n = min(n, int64(s.ours))
	case larger:
		n = max(n, int64(s.ours))
	}
	return strconv.Itoa(int(n)), int(n)
}

func (s *keySpec) chooseBool(value string) (string, int) {
	if value != "Yes" && value != "No" {
		return answerReject, 0
	}
	yes := value == "Yes"
	if s.kind == either {
		yes = yes || s.ours == 1
	} else {
		yes = yes && s.ours == 1
	}
	if yes {
		return "Yes", 1
	}
	return "No", 0
}
