package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// VolumeRow is a volume with what its view shows besides: one statement reads
// a page of them.
type VolumeRow struct {
	Volume
	TypeName    string
	Attachments []VolumeAttachment // those that are attached
}

// VolumeAttachment is an attachment as a volume shows it.
type VolumeAttachment struct {
	ID           string     `json:"id"`
	InstanceUUID *string    `json:"instance_uuid"`
	Host         *string    `json:"host"`
	Mountpoint   *string    `json:"mountpoint"`
	AttachTime   *time.Time `json:"attach_time"`
}

var volumeList = listing{
	what: "Volume",
	columns: `v.id, v.project_id, v.user_id, v.created_at, v.updated_at, v.launched_at, v.size, v.status, v.previous_status,
		v.attach_status, v.migration_status, v.replication_status, v.name, v.description, v.bootable, v.multiattach,
		v.encryption_key_id, v.availability_zone, v.host, v.cluster_name, v.volume_type_id, v.snapshot_id, v.source_volid,
		v.metadata, v.admin_metadata, v.image_metadata, v.group_id, v.consistencygroup_id, v.provider_id, v.service_uuid,
		v.shared_targets, v.consumes_quota,
		(SELECT t.name FROM volume_types t WHERE t.id = v.volume_type_id),
		(SELECT jsonb_agg(jsonb_build_object('id', a.id, 'instance_uuid', a.instance_uuid, 'host', a.attached_host,
			'mountpoint', a.mountpoint, 'attach_time', a.attach_time) ORDER BY a.created_at, a.id)
		 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status = 'attached')`,
	from:    "volumes v",
	project: "v.project_id",
	keys: map[string]column{
		"id":                  {"v.id", uuidColumn, true},
		"created_at":          {"v.created_at", timeColumn, true},
		"updated_at":          {"v.updated_at", timeColumn, false},
		"launched_at":         {"v.launched_at", timeColumn, false},
		"project_id":          {"v.project_id", textColumn, true},
		"user_id":             {"v.user_id", textColumn, true},
		"name":                {"v.name", textColumn, false},
		"display_name":        {"v.name", textColumn, false},
		"description":         {"v.description", textColumn, false},
		"size":                {"v.size", intColumn, true},
		"status":              {"v.status", textColumn, true},
		"attach_status":       {"v.attach_status", textColumn, true},
		"migration_status":    {"v.migration_status", textColumn, false},
		"replication_status":  {"v.replication_status", textColumn, false},
		"bootable":            {"v.bootable", boolColumn, true},
		"multiattach":         {"v.multiattach", boolColumn, true},
		"consumes_quota":      {"v.consumes_quota", boolColumn, true},
		"availability_zone":   {"v.availability_zone", textColumn, true},
		"host":                {"v.host", textColumn, false},
		"cluster_name":        {"v.cluster_name", textColumn, false},
		"volume_type_id":      {"v.volume_type_id", uuidColumn, true},
		"snapshot_id":         {"v.snapshot_id", uuidColumn, false},
		"source_volid":        {"v.source_volid", uuidColumn, false},
		"group_id":            {"v.group_id", uuidColumn, false},
		"consistencygroup_id": {"v.consistencygroup_id", uuidColumn, false},
		"encryption_key_id":   {"v.encryption_key_id", uuidColumn, false},
		"metadata":            {"v.metadata", jsonColumn, true},
		"glance_metadata":     {"v.image_metadata", jsonColumn, false},
	},
}

var snapshotList = listing{
	what: "Snapshot",
	columns: `s.id, s.volume_id, s.project_id, s.user_id, s.created_at, s.updated_at, s.status, s.progress, s.volume_size,
		s.volume_type_id, s.name, s.description, s.metadata, s.group_snapshot_id, s.provider_id, s.consumes_quota`,
	from:    "snapshots s",
	project: "s.project_id",
	keys: map[string]column{
		"id":                {"s.id", uuidColumn, true},
		"created_at":        {"s.created_at", timeColumn, true},
		"updated_at":        {"s.updated_at", timeColumn, false},
		"project_id":        {"s.project_id", textColumn, true},
		"user_id":           {"s.user_id", textColumn, true},
		"volume_id":         {"s.volume_id", uuidColumn, true},
		"volume_type_id":    {"s.volume_type_id", uuidColumn, true},
		"volume_size":       {"s.volume_size", intColumn, true},
		"size":              {"s.volume_size", intColumn, true},
		"status":            {"s.status", textColumn, true},
		"progress":          {"s.progress", textColumn, true},
		"name":              {"s.name", textColumn, false},
		"display_name":      {"s.name", textColumn, false},
		"description":       {"s.description", textColumn, false},
		"group_snapshot_id": {"s.group_snapshot_id", uuidColumn, false},
		"consumes_quota":    {"s.consumes_quota", boolColumn, true},
		"metadata":          {"s.metadata", jsonColumn, true},
		// of its volume: a sub-select, so that only those who ask pay for it
		"availability_zone": {"(SELECT sv.availability_zone FROM volumes sv WHERE sv.id = s.volume_id)", textColumn, true},
	},
}

var attachmentList = listing{
	what: "Volume attachment",
	columns: `a.id, a.volume_id, a.project_id, a.created_at, a.updated_at, a.attach_status, a.attach_mode, a.attach_time,
		a.detach_time, a.instance_uuid, a.attached_host, a.mountpoint, a.connector, a.connection_info`,
	from:    "attachments a",
	project: "a.project_id",
	keys: map[string]column{
		"id":            {"a.id", uuidColumn, true},
		"created_at":    {"a.created_at", timeColumn, true},
		"updated_at":    {"a.updated_at", timeColumn, false},
		"attach_time":   {"a.attach_time", timeColumn, false},
		"project_id":    {"a.project_id", textColumn, true},
		"volume_id":     {"a.volume_id", uuidColumn, true},
		"instance_id":   {"a.instance_uuid", uuidColumn, false},
		"instance_uuid": {"a.instance_uuid", uuidColumn, false},
		"status":        {"a.attach_status", textColumn, true},
		"attach_status": {"a.attach_status", textColumn, true},
		"attach_mode":   {"a.attach_mode", textColumn, false},
		"attached_host": {"a.attached_host", textColumn, false},
		"mountpoint":    {"a.mountpoint", textColumn, false},
	},
}

// ListVolumes reads a page of volumes.
func (s *Store) ListVolumes(ctx context.Context, q ListQuery) (Listed[VolumeRow], error) {
	return list[VolumeRow](ctx, s, &volumeList, q)
}

// ListSnapshots reads a page of snapshots.
func (s *Store) ListSnapshots(ctx context.Context, q ListQuery) (Listed[Snapshot], error) {
	return list[Snapshot](ctx, s, &snapshotList, q)
}

// ListAttachments reads a page of attachments.
func (s *Store) ListAttachments(ctx context.Context, q ListQuery) (Listed[Attachment], error) {
	return list[Attachment](ctx, s, &attachmentList, q)
}

// VolumeRow reads one volume as the list has it; project "" is any.
func (s *Store) VolumeRow(ctx context.Context, id, project string) (VolumeRow, error) {
	gone := Errorf(NotFound, "Volume %s could not be found.", id)
	l := &volumeList
	value, ok := uuidColumn.parse(id)
	if !ok {
		return VolumeRow{}, gone
	}
	b := &listBuilder{listing: l}
	b.conds = append(b.conds, l.keys["id"].sql+" = "+b.arg(value, uuidColumn))
	b.where(ListQuery{Project: project})
	rows, err := s.pool.Query(ctx, "SELECT "+l.columns+" FROM "+l.from+b.conditions(), b.args...)
	if err != nil {
		return VolumeRow{}, fmt.Errorf("read volume: %w", err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[VolumeRow])
	if none(err) {
		return VolumeRow{}, gone
	}
	if err != nil {
		return VolumeRow{}, fmt.Errorf("read volume: %w", err)
	}
	return v, nil
}
