import { createLogger } from "@muster/log";
import { until } from "@muster/testkit";
import { describe, expect, it } from "vitest";
import { Adoptions } from "./adoptions.ts";
import type { Link } from "./audience.ts";
import type { Inheritance, MatchSpec } from "./match-spec.ts";

const spec = { matchId: "m", epoch: 2 } as MatchSpec;
const link = { gatewayId: "g" } as Link;
const log = new Uint8Array(0);

function adoptions(refuse: (ticks: number) => boolean = () => false): { adoptions: Adoptions; order: string[] } {
  const order: string[] = [];
  const owner = {
    adopt(_: MatchSpec, { check }: Inheritance) {
      if (refuse(check)) throw new Error("does not fit");
      order.push("adopted");
    },
    lost: () => void order.push("lost"),
    join: () => undefined,
  };
  const all = new Adoptions({ othersWithinMs: 10, logWithinMs: 10 }, owner, createLogger("test", "fatal"));
  return { adoptions: all, order };
}

describe("a match that is being taken over", () => {
  it("has its spectators' gateways wait until it is there", () => {
    const { adoptions: all, order } = adoptions();
    all.expect(spec, { gatewayIds: ["g", "h"], afresh: false });
    const handover = { ticks: 1, check: 0, holders: ["g", "h"], log, keyframe: log };
    all.handover("m", 2, { ...handover, gatewayId: "g" });
    expect(all.watch("m", link, () => order.push("watch"))).toBe(true);
    expect(order).toEqual([]); // the other gateway's log is not here yet
    all.handover("m", 2, { ...handover, gatewayId: "h" });
    expect(order).toEqual(["adopted", "watch"]);
    expect(all.watch("m", link, () => undefined)).toBe(false);
  });

  it("tells them too when it is not to be, and not those who have left", () => {
    const { adoptions: all, order } = adoptions();
    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    all.watch("m", link, () => order.push("watch"));
    const other = { gatewayId: "h" } as Link;
    all.watch("m", other, () => order.push("other"));
    all.unwatch("m", other);
    all.drop("m");
    expect(order).toEqual(["watch"]);
  });

  it("starts from its seed when it never began and no log comes; not when nobody knows that", async () => {
    for (const [afresh, outcome] of [
      [true, "adopted"],
      [false, "lost"],
    ] as const) {
      const { adoptions: all, order } = adoptions();
      all.expect(spec, { gatewayIds: ["g"], afresh });
      await until(() => (order.length > 0 ? undefined : "not decided"));
      expect(order).toEqual([outcome]);
    }
  });

  it("waits for logs of the later epoch when it is offered in one; who asked for a seat in the earlier one looks again", () => {
    const { adoptions: all, order } = adoptions();
    all.expect(spec, { gatewayIds: ["g"], afresh: false });
    const answer = (refusal: string | undefined): void => void order.push(refusal ?? "seated");
    all.join("m", { seat: 0, playerId: "a", session: { link, id: 1 }, lastMatchSeq: 0, answer } as never);
    all.expect({ ...spec, epoch: 4 }, { gatewayIds: ["g"], afresh: false });
    const handover = { ticks: 1, check: 0, holders: ["g"], log, keyframe: log, gatewayId: "g" };
    all.handover("m", 2, handover);
    expect(order).toEqual(["match_not_found"]);
    all.handover("m", 4, handover);
    expect(order).toEqual(["match_not_found", "adopted"]);
  });

  it("does not start from its seed when any log has a tick, even one that does not fit, whoever says that it never began", () => {
    const { adoptions: all, order } = adoptions(() => true);
    all.expect(spec, { gatewayIds: ["g"], afresh: true });
    all.handover("m", 2, { ticks: 1, check: 0, holders: ["g"], log, keyframe: log, gatewayId: "g" });
    expect(order).toEqual(["lost"]);
  });
});
