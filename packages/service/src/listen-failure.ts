// The message of a process that cannot listen: which variable set the address, and what to do.

/** The variables with the hosts and ports of a process. */
export type ListeningVariables = Readonly<Record<string, string | number>>;

/** In words, when `err` or one of its causes says that the process could not listen; undefined for every other fault. */
export function listenFailure(err: unknown, variables: ListeningVariables): string | undefined {
  for (let at = err; at instanceof Error; at = at.cause) {
    const reason = reasonOf(at, variables);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function reasonOf(err: NodeJS.ErrnoException, variables: ListeningVariables): string | undefined {
  const { address, port, hostname } = err as { address?: string; port?: number; hostname?: string };
  const named = (value: string | number | undefined): string[] =>
    Object.entries(variables).flatMap(([name, is]) => (is === value ? [name] : []));
  if (err.syscall === "listen" && port !== undefined) {
    const chosenBy = named(port).join(" and ");
    if (err.code === "EADDRINUSE") {
      if (named(port).length > 1) return `${chosenBy} are both ${port}: choose another port with one of them`;
      return `port ${port} of ${address} (${chosenBy}) is taken by another program: end that one, or choose another port with ${chosenBy}`;
    }
    if (err.code === "EACCES")
      return `this user may not listen on port ${port} (${chosenBy}): choose one from 1024 on with ${chosenBy}`;
    if (err.code === "EADDRNOTAVAIL")
      return `this machine has no address ${address}: ${named(address).join(" and ")} says where to listen`;
  }
  const hosts = err.syscall === "getaddrinfo" ? named(hostname) : [];
  return hosts.length > 0 ? `${hosts.join(" and ")}=${hostname} leads to no address of this machine` : undefined;
}
