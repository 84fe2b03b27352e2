package scsi

import "encoding/binary"

// reportOpcodes prints the commands table (SPC-4, 6.35).
func reportOpcodes(t *Task) verdict {
	options, timeouts := t.CDB[2]&0x07, t.CDB[2]&0x80 != 0
	if options == 0 {
		return t.reply(allOpcodes(t.build(), timeouts), t.long(6))
	}
	op, action := t.CDB[3], t.short(4)
	rows := byOpcode[op]
	hasActions := len(rows) > 0 && rows[0].action != noAction
	if options > 3 || (options == 1 && hasActions) || (options == 2 && len(rows) > 0 && !hasActions) {
		return t.fail(senseInvalidFieldInCDB)
	}
	var row *command
	for _, c := range rows {
		if c.action == noAction && (options != 3 || action == 0) || c.action != noAction && int(c.action) == action {
			row = c
		}
	}
	return t.reply(oneOpcode(t.build(), row, timeouts), t.long(6))
}

const timeoutsLength = 12

// timeouts says that none is known.
func appendTimeouts(b []byte) []byte {
	d := [timeoutsLength]byte{1: timeoutsLength - 2}
	return append(b, d[:]...)
}

func allOpcodes(b []byte, timeouts bool) []byte {
	b = append(b, 0, 0, 0, 0)
	for i := range commands {
		c := &commands[i]
		flags, action := byte(0), uint16(0)
		if c.action != noAction {
			flags, action = 0x01, uint16(c.action) // SERVACTV
		}
		if timeouts {
			flags |= 0x02 // CTDP
		}
		b = append(b, c.op, 0, byte(action>>8), byte(action), 0, flags, 0, byte(len(c.usage)))
		if timeouts {
			b = appendTimeouts(b)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func oneOpcode(b []byte, c *command, timeouts bool) []byte {
	if c == nil {
		return append(b, 0, 0x01, 0, 0) // not supported
	}
	support := byte(0x03)
	if timeouts {
		support |= 0x80 // CTDP
	}
	b = append(b, 0, support, 0, byte(len(c.usage)))
	b = append(b, c.usage...)
	if timeouts {
		b = appendTimeouts(b)
	}
	return b
}
