"""What rules are called in different companies: symptoms, housekeeping, and words for severity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Symptom:
    scope: str
    """What its series are about: "service", "pod", "node", "probe", "cluster", "upstream" (a caller
    with the callee in a label) or "burn" (a service with two windows)."""
    grade: str
    """How bad its author holds it to be: "page", "ticket" or "info"."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


SYMPTOMS: Mapping[str, Symptom] = {
    "errors": Symptom("service", "page"),
    "errors_pod": Symptom("pod", "ticket"),
    "latency": Symptom("service", "page"),
    "latency_pod": Symptom("pod", "ticket"),
    "burn": Symptom("burn", "page"),
    "retries": Symptom("upstream", "ticket"),
    "probe": Symptom("probe", "page"),
    "traffic": Symptom("service", "ticket"),
    "cpu": Symptom("pod", "ticket"),
    "memory": Symptom("pod", "ticket"),
    "gc": Symptom("pod", "ticket"),
    "threads": Symptom("service", "ticket"),
    "restarts": Symptom("pod", "page"),
    "not_ready": Symptom("pod", "ticket"),
    "scrape": Symptom("pod", "ticket"),
    "replicas": Symptom("service", "ticket"),
    "slow_query": Symptom("service", "ticket"),
    "connections": Symptom("service", "page"),
    "replication": Symptom("pod", "ticket"),
    "write_errors": Symptom("service", "page"),
    "disk": Symptom("pod", "ticket"),
    "lag": Symptom("service", "page"),
    "stalled": Symptom("service", "ticket"),
    "broker": Symptom("pod", "ticket"),
    "node": Symptom("node", "page"),
    "node_gone": Symptom("node", "page"),
    "network": Symptom("node", "ticket"),
    "dns": Symptom("service", "page"),
    "third_party": Symptom("upstream", "ticket"),
}

VOCABULARIES: Mapping[str, Sequence[str]] = {
    "sre": _names(
        """
        ApiServerErrors, PodFailureShare, RequestDurationHigh, SlowPod, ErrorBudgetBurn,
        DependencyRetrying, HealthEndpointFailing, TrafficDropped, ContainerCpuSaturated,
        ContainerMemoryHigh, JVMGcPause, WorkerPoolExhausted, ContainerRestarting,
        PodUnready, ScrapeFailed, ReplicasUnavailable, PgSlowStatements,
        PgConnectionsExhausted, PgReplicaBehind, WriteFailures, VolumeAlmostFull, QueueLag,
        ConsumerStalled, BrokerMemoryPressure, NodeNotReady, NodeUnreachable,
        NodePacketLoss, ResolverFailures, ExternalApiFailing
        """
    ),
    "plain": _names(
        """
        5xx-too-high, 5xx-on-instance, p99-too-slow, p99-on-instance, slo-burn-rate,
        upstream-retries, website-down, orders-per-minute-low, cpu-high, mem-high,
        gc-time-high, thread-pool-full, process-restarts, instance-unhealthy,
        exporter-down, too-few-instances, mysql-slow-log, mysql-max-connections,
        mysql-replication-lag, db-write-errors, disk-filling, consumer-lag, consumer-stuck,
        broker-high-watermark, host-down, host-unreachable, host-network-errors,
        dns-lookup-errors, partner-api-errors
        """
    ),
    "words": _names(
        """
        [FIRING] Service error percentage, Instance error percentage,
        Service response time, Instance response time, SLO at risk,
        Calls to dependency failing, Synthetic check failed, Throughput anomaly,
        CPU utilisation, Memory utilisation, Garbage collection time,
        Thread pool utilisation, Container restarted, Instance not serving,
        Agent not reporting, Deployment degraded, Long running transactions,
        Connection pool exhausted, Standby is behind, Commit failures, Filesystem usage,
        Backlog growing, No messages processed, Broker disk usage, Host not ready,
        Host lost, Host interface errors, Name resolution failing, Vendor API degraded
        """
    ),
    "team": _names(
        """
        svc_error_ratio_slo, svc_error_ratio_by_pod, svc_latency_p95_slo,
        svc_latency_p95_by_pod, svc_burn_fast_slow, client_retry_budget, edge_probe_http,
        business_kpi_drop, k8s_cpu_throttle, k8s_mem_working_set, rt_gc_stall,
        rt_threads_blocked, k8s_pod_crashloop, k8s_pod_unready, k8s_target_missing,
        k8s_deploy_replicas, store_slow_ops, store_conn_limit, store_repl_delay,
        store_write_reject, store_volume_full, mq_backlog, mq_consumer_idle, mq_broker_mem,
        k8s_node_notready, k8s_node_lost, k8s_node_net_drop, net_dns_servfail,
        vendor_http_errors
        """
    ),
}
"""A name for each of SYMPTOMS, in its order."""

HOUSEKEEPING: Mapping[str, Sequence[str]] = {
    "sre": _names(
        """
        ImageVulnerabilityFound, OldTlsVersionSeen, LogVolumeAboveQuota, CronRunSkipped,
        SnapshotMissing, ClusterAutoscalerBlocked, QuotaNearlyUsed, DeprecatedApiCalled,
        TimeDriftOnHost, EtcdCompactionSlow, GrafanaDashboardBroken, SpotInstanceReclaimed
        """
    ),
    "plain": _names(
        """
        backup-old, cert-30d, log-rotation-failed, cron-missed, package-updates-pending,
        raid-scrub, swap-used, ntp-offset, mail-queue, entropy-low, inode-usage,
        audit-log-gap
        """
    ),
    "words": _names(
        """
        Backup older than policy, Licence expires, Index rebuild running, Agent outdated,
        Configuration drift, Scheduled report failed, Disk inode usage, Patch level behind,
        Unused volume, Log shipping delayed, Swap activity, Clock offset
        """
    ),
    "team": _names(
        """
        k8s_hpa_maxed, k8s_quota_80, k8s_job_failed, k8s_cronjob_late, node_fs_80,
        node_clock_skew, cert_expiry_21d, prom_rule_slow, prom_wal_corrupt, backup_age_24h,
        registry_pull_slow, vault_lease_growth
        """
    ),
}

HEARTBEATS = ("DeadMansSwitch", "heartbeat", "Watchdog", "AlertingPipelineAlive")

SEVERITIES: Mapping[str, Mapping[str, str]] = {
    "page/ticket": {"page": "page", "ticket": "ticket", "info": "info", "none": "none"},
    "P": {"page": "P1", "ticket": "P3", "info": "P5", "none": "P5"},
    "high/low": {"page": "high", "ticket": "medium", "info": "low", "none": "none"},
    "usual": {"page": "critical", "ticket": "warning", "info": "info", "none": "none"},
    "shouted": {"page": "CRITICAL", "ticket": "WARN", "info": "NOTICE", "none": "OK"},
    "sev": {"page": "sev2", "ticket": "sev3", "info": "sev5", "none": "sev5"},
}


def rule_names(vocabulary: str) -> dict[str, str]:
    """Symptom to the rule's name in that company."""
    return dict(zip(SYMPTOMS, VOCABULARIES[vocabulary], strict=True))
