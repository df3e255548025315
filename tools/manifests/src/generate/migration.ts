// The Job that makes a service's tables, before the service starts.
import type { DatabaseRow, ServiceRow } from "@muster/local";
import { environmentOf, environmentYaml } from "./variables.ts";
import { CONTAINER_SECURITY, GENERATED, indent, POD_SECURITY, tmpVolume } from "./yaml.ts";

export function migrationYaml(row: DatabaseRow, rows: readonly ServiceRow[], version: string): string {
  const { name } = row;
  return `${GENERATED}# Creates the tables of ${name}, which waits for them.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}-migrate
spec:
  backoffLimit: 6
  ttlSecondsAfterFinished: 600
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/part-of: muster
        app.kubernetes.io/component: migrate
    spec:
      restartPolicy: OnFailure
      serviceAccountName: ${name}
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 600
${indent(6, POD_SECURITY)}      containers:
        - name: migrate
          image: muster/${name}:${version}
          args: [src/migrate.ts]
          env:
${indent(12, environmentYaml(environmentOf(row, rows)))}          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
${indent(10, CONTAINER_SECURITY)}${indent(6, tmpVolume("16Mi"))}`;
}
