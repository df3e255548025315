// What manifests are put together from.

export const GENERATED = "# Written by scripts/infra-files.ts from infra/services.ts: change that one.\n";

export const MARIADB_PORT = 3306;

/** Indented by `by` spaces, from the first line on. */
export function indent(by: number, text: string): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(by));
}

export const POD_SECURITY = `securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
`;

/** Of a container that keeps nothing, and `sizeLimit` of files under /tmp. */
export const CONTAINER_SECURITY = `securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
`;

export function tmpVolume(sizeLimit: string): string {
  return `volumes:
  - name: tmp
    emptyDir:
      sizeLimit: ${sizeLimit}
`;
}
