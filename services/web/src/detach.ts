/** Goes on without waiting. A failure is one of the page itself: work that can fail handles that before it is passed here. */
export function detach(work: Promise<unknown>): void {
  work.catch(reportError);
}
