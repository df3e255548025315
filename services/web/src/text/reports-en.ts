// What reports say in English.
export const reportsEn = {
  report: "Report",
  reportPlayer: (name: string) => `Report ${name}`,
  reportMessage: (name: string) => `Report this message of ${name}`,
  playerTitle: (name: string) => `Report ${name} to the moderators`,
  messageTitle: (name: string) => `Report a message of ${name} to the moderators`,
  inMatch: "The report says in which match it was, so that they can watch its replay.",
  reason: "What is wrong?",
  categories: {
    cheating: "Cheating, or losing on purpose",
    harassment: "Insults, threats or hate",
    spam: "Spam or advertising",
    name: "An offensive name",
    other: "Something else",
  },
  comment: "What happened? (you may leave this out)",
  commentHint: (max: number) => `At most ${max} characters. Only moderators read it.`,
  next: (name: string) =>
    `A moderator reads it and decides, between a mute, a ban, and nothing. ${name} is not told who reported. You get no answer.`,
  send: "Send the report",
  cancel: "Cancel",
  sent: "Reported",
  sentTitle: "Thank you. The moderators have your report.",
  sentText: (name: string) =>
    `Reporting it again adds nothing while they have not decided. If you want to read nothing of ${name} meanwhile, block them.`,
  close: "Close",
};

export type ReportsText = typeof reportsEn;
