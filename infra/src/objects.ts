/** Exactly the fields of Kubernetes' objects that we write; a misspelt one does not compile. Reference: the API of 1.36. */

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Any object of a manifest. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
}

export interface Service extends KubernetesObject {
  readonly kind: 'Service';
  readonly spec: {
    readonly clusterIP?: 'None';
    readonly publishNotReadyAddresses?: boolean;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: number;
      readonly protocol: 'TCP';
    }[];
  };
}

export interface NetworkPolicyPort {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

export interface NetworkPolicyPeer {
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
}

export interface NetworkPolicy extends KubernetesObject {
  readonly kind: 'NetworkPolicy';
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress: readonly {
      readonly from?: readonly NetworkPolicyPeer[];
      readonly ports: readonly NetworkPolicyPort[];
    }[];
    readonly egress: readonly {
      readonly to: readonly NetworkPolicyPeer[];
      readonly ports: readonly NetworkPolicyPort[];
    }[];
  };
}

export interface DisruptionBudget extends KubernetesObject {
  readonly kind: 'PodDisruptionBudget';
  readonly spec: {
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly unhealthyPodEvictionPolicy: 'AlwaysAllow' | 'IfHealthyBudget';
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  };
}

export interface PriorityClass extends KubernetesObject {
  readonly kind: 'PriorityClass';
  readonly value: number;
  readonly preemptionPolicy: 'PreemptLowerPriority' | 'Never';
  readonly description: string;
}

export interface Deployment extends KubernetesObject {
  readonly kind: 'Deployment';
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly type: 'Recreate' };
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: PodTemplate;
  };
}

export type EnvironmentVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly fieldRef: { readonly fieldPath: string } } };

/** The port is a number; names are refused for gRPC. */
export type Probe = (
  | { readonly grpc: { readonly port: number; readonly service: string } }
  | { readonly httpGet: { readonly path: string; readonly port: number; readonly scheme: 'HTTPS' } }
) & {
  readonly periodSeconds: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
};

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly EnvironmentVariable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts: readonly VolumeMount[];
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  /** Expanded from the container's environment. */
  readonly subPathExpr?: string;
}

export type Volume = { readonly name: string } & (
  | { readonly persistentVolumeClaim: { readonly claimName: string; readonly readOnly?: boolean } }
  | { readonly configMap: { readonly name: string } }
  | { readonly secret: { readonly secretName: string; readonly defaultMode: number } }
  | { readonly emptyDir: { readonly medium?: 'Memory'; readonly sizeLimit: string } }
);

export interface PodSpec {
  readonly restartPolicy: 'Never' | 'OnFailure' | 'Always';
  readonly terminationGracePeriodSeconds: number;
  readonly priorityClassName?: string;
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly subdomain?: string;
  readonly securityContext: {
    readonly runAsNonRoot: boolean;
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly fsGroup?: number;
    readonly fsGroupChangePolicy?: 'OnRootMismatch';
    readonly seccompProfile: { readonly type: 'RuntimeDefault' | 'Localhost' | 'Unconfined' };
  };
  readonly tolerations?: readonly {
    readonly key: string;
    readonly operator: 'Exists';
    readonly effect: 'NoSchedule';
  }[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

export interface PodFailureRule {
  readonly action: 'Ignore' | 'FailJob' | 'FailIndex' | 'Count';
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[];
  readonly onExitCodes?: {
    readonly containerName: string;
    readonly operator: 'In' | 'NotIn';
    readonly values: readonly number[];
  };
}

export interface JobSpec {
  readonly completionMode: 'Indexed' | 'NonIndexed';
  readonly completions: number;
  readonly parallelism: number;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly podReplacementPolicy: 'Failed' | 'TerminatingOrFailed';
  readonly podFailurePolicy: { readonly rules: readonly PodFailureRule[] };
  readonly ttlSecondsAfterFinished?: number;
  readonly template: PodTemplate;
}

export interface Job extends KubernetesObject {
  readonly apiVersion: 'batch/v1';
  readonly kind: 'Job';
  readonly spec: JobSpec;
}

export interface ReplicatedJob {
  readonly name: string;
  readonly replicas: number;
  readonly dependsOn?: readonly { readonly name: string; readonly status: 'Ready' | 'Complete' }[];
  readonly template: {
    readonly metadata?: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: JobSpec;
  };
}

/** https://jobset.sigs.k8s.io, v0.12. */
export interface JobSetSpec {
  readonly network: {
    readonly enableDNSHostnames: boolean;
    readonly subdomain?: string;
    readonly publishNotReadyAddresses: boolean;
  };
  readonly successPolicy: { readonly operator: 'All' | 'Any'; readonly targetReplicatedJobs: readonly string[] };
  readonly failurePolicy: {
    readonly maxRestarts: number;
    readonly restartStrategy?: 'Recreate' | 'BlockingRecreate' | 'InPlaceRestart';
    readonly rules: readonly {
      readonly name: string;
      readonly action: 'FailJobSet' | 'RestartJobSet' | 'RestartJobSetAndIgnoreMaxRestarts';
      readonly targetReplicatedJobs: readonly string[];
      readonly onJobFailureReasons: readonly string[];
    }[];
  };
  readonly ttlSecondsAfterFinished?: number;
  /** The rest is never written; preflight refuses it. */
  readonly startupPolicy?: unknown;
  readonly volumeClaimPolicies?: unknown;
  readonly coordinator?: { readonly replicatedJob: string; readonly jobIndex?: number; readonly podIndex?: number };
  readonly replicatedJobs: readonly ReplicatedJob[];
}

export interface JobSet extends KubernetesObject {
  readonly apiVersion: 'jobset.x-k8s.io/v1alpha2';
  readonly kind: 'JobSet';
  readonly spec: JobSetSpec;
}

/** https://cert-manager.io, v1. */
export interface Certificate extends KubernetesObject {
  readonly apiVersion: 'cert-manager.io/v1';
  readonly kind: 'Certificate';
  readonly spec: {
    readonly secretName: string;
    readonly duration: string;
    readonly renewBefore: string;
    readonly privateKey: {
      readonly algorithm: 'ECDSA';
      readonly size: 256;
      readonly rotationPolicy: 'Always';
    };
    readonly usages: readonly string[];
    readonly uris?: readonly string[];
    readonly dnsNames?: readonly string[];
    readonly issuerRef: { readonly group: string; readonly kind: string; readonly name: string };
  };
}

/** Kubeflow Trainer, v2. */
export interface TrainingRuntime extends KubernetesObject {
  readonly kind: 'TrainingRuntime';
  readonly spec: { readonly mlPolicy: { readonly numNodes: number }; readonly template: { readonly spec: JobSetSpec } };
}
