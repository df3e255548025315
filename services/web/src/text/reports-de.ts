import type { ReportsText } from "./reports-en.ts";

export const reportsDe: ReportsText = {
  report: "Melden",
  reportPlayer: (name) => `${name} melden`,
  reportMessage: (name) => `Diese Nachricht von ${name} melden`,
  playerTitle: (name) => `${name} der Moderation melden`,
  messageTitle: (name) => `Eine Nachricht von ${name} der Moderation melden`,
  inMatch: "Die Meldung nennt das Spiel, in dem es war, damit die Moderation die Aufzeichnung ansehen kann.",
  reason: "Was ist nicht in Ordnung?",
  categories: {
    cheating: "Betrug oder absichtliches Verlieren",
    harassment: "Beleidigung, Drohung oder Hass",
    spam: "Spam oder Werbung",
    name: "Ein anstößiger Name",
    other: "Etwas anderes",
  },
  comment: "Was ist geschehen? (kann leer bleiben)",
  commentHint: (max) => `Höchstens ${max} Zeichen. Nur die Moderation liest es.`,
  next: (name) =>
    `Jemand aus der Moderation liest es und entscheidet: Stummschaltung, Sperre oder nichts. ${name} erfährt nicht, wer es gemeldet hat. Du bekommst keine Antwort.`,
  send: "Meldung senden",
  cancel: "Abbrechen",
  sent: "Gemeldet",
  sentTitle: "Danke. Die Moderation hat deine Meldung.",
  sentText: (name) =>
    `Noch einmal zu melden bewirkt nichts, solange nicht entschieden ist. Wenn du bis dahin nichts von ${name} lesen willst, blockiere den Namen.`,
  close: "Schließen",
};
