// How groups were formed before queues were kept sorted, for comparison: every ticket, starting with the one that has waited
// longest, scans all tickets within its reach.
import type { QueueRules, WaitingTicket } from "@muster/matchmaker/testing";

export function referenceGroups(tickets: readonly WaitingTicket[], now: number, rules: QueueRules): WaitingTicket[][] {
  const byRating = tickets.toSorted((a, b) => a.rating - b.rating);
  const indexOf = new Map(byRating.map((ticket, i) => [ticket.ticketId, i]));
  const taken = new Set<string>();
  const groups: WaitingTicket[][] = [];
  for (const oldest of tickets.toSorted((a, b) => a.since - b.since)) {
    if (taken.has(oldest.ticketId)) continue;
    const others = closest(byRating, indexOf.get(oldest.ticketId) as number, taken, now, rules);
    if (others.length < rules.seats - 1) continue;
    const group = [oldest, ...others];
    for (const { ticketId } of group) taken.add(ticketId);
    groups.push(group);
  }
  return groups;
}

function closest(
  byRating: readonly WaitingTicket[],
  index: number,
  taken: ReadonlySet<string>,
  now: number,
  rules: QueueRules,
): WaitingTicket[] {
  const ticket = byRating[index] as WaitingTicket;
  const window = (one: WaitingTicket): number =>
    rules.windowPoints + (rules.windowPointsPerS * Math.max(0, now - one.since)) / 1000;
  const reach = window(ticket);
  const near: { other: WaitingTicket; distance: number }[] = [];
  for (const step of [-1, 1]) {
    for (let i = index + step; i >= 0 && i < byRating.length; i += step) {
      const other = byRating[i] as WaitingTicket;
      if (Math.abs(other.rating - ticket.rating) > reach) break;
      if (taken.has(other.ticketId)) continue;
      const apart = ticket.region !== "" && other.region !== "" && ticket.region !== other.region;
      const distance = Math.abs(ticket.rating - other.rating) + (apart ? rules.regionPoints : 0);
      if (distance <= Math.min(reach, window(other))) near.push({ other, distance });
    }
  }
  near.sort((a, b) => a.distance - b.distance || a.other.since - b.other.since);
  return near.slice(0, rules.seats - 1).map(({ other }) => other);
}
