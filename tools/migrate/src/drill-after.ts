// What v2.0 writes between the cut-over and the rollback, and whether it is in v1.5 afterwards.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { GLOBAL_CHANNEL_ID } from "@muster/chat-service/testing";
import { connect } from "./connect.ts";
import { LEGACY_PHC } from "../v1.5/generate.ts";

export async function writeAfterCutOver(
  urls: { identity: string; match: string; chat: string },
  legacyUrl: string,
): Promise<{ check(): Promise<void> }> {
  const [identity, match, chat, legacy] = (await Promise.all(
    [urls.identity, urls.match, urls.chat, legacyUrl].map(connect),
  )) as [
    Awaited<ReturnType<typeof connect>>,
    Awaited<ReturnType<typeof connect>>,
    Awaited<ReturnType<typeof connect>>,
    Awaited<ReturnType<typeof connect>>,
  ];
  const [player, family, matchId] = [randomUUID(), randomUUID(), randomUUID()];
  const name = `after${randomBytes(4).toString("hex")}`;
  const token = randomBytes(32).toString("base64url");
  const tokenHash = createHash("sha256").update(token).digest();
  const newPhc = LEGACY_PHC.replace("m=19456,t=2", "m=47104,t=1");
  const [veteran] = (await legacy.query("select cast(public_id as char) id from users where id = 7")) as {
    id: string;
  }[];
  const veteranId = veteran?.id as string;

  await identity.query(
    "insert into accounts (id, name, name_key, kind, created_at) values (?, ?, ?, 'registered', utc_timestamp(6))",
    [player, name, name],
  );
  await identity.query("insert into credentials (account_id, password_phc) values (?, ?)", [player, LEGACY_PHC]);
  await identity.query("update credentials set password_phc = ?, updated_at = utc_timestamp(6) where account_id = ?", [
    newPhc,
    veteranId,
  ]);
  await identity.query(
    "insert into token_families (id, account_id, device_label, expires_at) values (?, ?, '', utc_timestamp(6) + interval 1 day)",
    [family, player],
  );
  await identity.query(
    "insert into refresh_tokens (token_hash, family_id, expires_at) values (?, ?, utc_timestamp(6) + interval 1 day)",
    [tokenHash, family],
  );
  await match.query(
    `insert into matches (id, mode, game_id, build_id, seed, epoch, shard_id, state, created_at, ended_at, end_reason, ticks, state_hash)
     values (?, 'duel', 'duel', 'x', 1, 1, ?, 'ended', utc_timestamp(6), utc_timestamp(6), 'played', 75, '00000000')`,
    [matchId, randomUUID()],
  );
  for (const [seat, id] of [player, veteranId].entries())
    await match.query(
      "insert into participants (match_id, seat, player_id, player_name, created_at, score, `rank`) values (?, ?, ?, 'n', utc_timestamp(6), ?, ?)",
      [matchId, seat, id, 2 - seat, seat + 1],
    );
  await match.query("insert into ratings (player_id, mode, rating, matches) values (?, 'duel', 1216, 1)", [player]);
  const [channel] = (await chat.query("select last_seq, last_change from channels where id = ?", [
    GLOBAL_CHANNEL_ID,
  ])) as { last_seq: number; last_change: number }[];
  const seq = (channel?.last_seq ?? 0) + 1;
  const change = (channel?.last_change ?? 0) + 1;
  await chat.query(
    "insert into messages values (?, ?, ?, ?, ?, 'hello from v2.0 🦄', 'new', utc_timestamp(6), null, null)",
    [GLOBAL_CHANNEL_ID, seq, change, player, name],
  );
  await chat.query(
    "update messages set body = 'edited in v2.0', edited_at = utc_timestamp(6), change_no = ? where client_key = 'v15-10'",
    [change + 1],
  );
  await chat.query("update channels set last_seq = ?, last_change = ? where id = ?", [
    seq,
    change + 1,
    GLOBAL_CHANNEL_ID,
  ]);
  for (const one of [identity, match, chat]) await one.end();

  return {
    async check() {
      const expect = async (what: string, sql: string, values: unknown[]): Promise<void> => {
        const rows = (await legacy.query(sql, values)) as unknown[];
        if (rows.length !== 1) throw new Error(`after the rollback v1.5 has ${rows.length} of: ${what}`);
      };
      await expect("the new player", "select 1 from users where public_id = ? and username = ? and password_hash = ?", [
        player,
        name,
        LEGACY_PHC,
      ]);
      await expect("the changed password", "select 1 from users where id = 7 and password_hash = ?", [newPhc]);
      await expect(
        "the open session",
        "select 1 from sessions s join users u on u.id = s.user_id where u.public_id = ? and s.token_hash = ? and s.revoked = 0",
        [player, tokenHash],
      );
      await expect(
        "the match with both players",
        "select m.id from matches m join match_players p on p.match_id = m.id where m.public_id = ? and m.status = 'finished' group by m.id having count(*) = 2",
        [matchId],
      );
      await expect(
        "the rating",
        "select 1 from ratings r join users u on u.id = r.user_id where u.public_id = ? and r.rating = 1216",
        [player],
      );
      await expect(
        "the message",
        "select 1 from messages m join users u on u.id = m.user_id where u.public_id = ? and m.room = 'global' and m.body = 'hello from v2.0 🦄'",
        [player],
      );
      await expect("the edit", "select 1 from messages where id = 10 and body = 'edited in v2.0'", []);
      console.log("all that was written after the cut-over is in v1.5, once");
      await legacy.end();
    },
  };
}
