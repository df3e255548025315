import { expect, it } from "vitest";
import { statementsIn } from "./log-text.ts";

/** As mariadb-binlog prints it. */
const TEXT = `/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/;
DELIMITER /*!*/;
#261126 19:39:22 server id 1  end_log_pos 2100 CRC32 0x1d 	GTID 0-1-147 ddl
/*M!100001 SET @@session.gtid_seq_no=147*//*!*/;
# at 2100
#261126 19:39:22 server id 1  end_log_pos 2300 CRC32 0x1d 	Query	thread_id=28	exec_time=0	error_code=0	xid=3
use \`match_dev\`/*!*/;
SET TIMESTAMP=1795722639/*!*/;
create table t (
  a int -- drop table later
)
/*!*/;
#261126  9:40:00 server id 1  end_log_pos 3353 CRC32 0xb7 	GTID 0-1-148 trans
/*M!100001 SET @@session.gtid_seq_no=148*//*!*/;
START TRANSACTION
/*!*/;
#261126  9:40:00 server id 1  end_log_pos 3500 CRC32 0x3a 	Annotate_rows:
#Q> delete from accounts
#Q> where name = 'nobody'
#261126  9:40:00 server id 1  end_log_pos 3568 CRC32 0x5b 	Table_map: \`identity_dev\`.\`accounts\` mapped to number 36
# at 3568
#261126  9:40:00 server id 1  end_log_pos 3662 CRC32 0xe2 	Delete_rows: table id 36 flags: STMT_END_F
### DELETE FROM \`identity_dev\`.\`accounts\`
### WHERE
###   @1='drop table'
#261126  9:40:00 server id 1  end_log_pos 3693 CRC32 0x57 	Xid = 37
COMMIT/*!*/;
DELIMITER ;
# End of log file
`;

it("statements are found whole, with the time and GTID of their transaction, and no row that they changed", async () => {
  async function* lines(): AsyncGenerator<string> {
    yield* TEXT.split("\n");
  }
  expect(await Array.fromAsync(statementsIn(lines()))).toEqual([
    { time: "2026-11-26 19:39:22", gtid: "0-1-147", text: "create table t ( a int -- drop table later )" },
    { time: "2026-11-26 09:40:00", gtid: "0-1-148", text: "delete from accounts where name = 'nobody'" },
  ]);
});

it("what players wrote does not speak to the terminal that it is printed on", async () => {
  async function* lines(): AsyncGenerator<string> {
    yield* ["#Q> insert into messages values ('\u001b]0;mine\u0007', '\u202etxt', _binary'\u0000')", "# at 1"];
  }
  const texts = (await Array.fromAsync(statementsIn(lines()))).map(({ text }) => text);
  expect(texts).toEqual(["insert into messages values ('\\u001b]0;mine\\u0007', '\\u202etxt', _binary'\\u0000')"]);
});
