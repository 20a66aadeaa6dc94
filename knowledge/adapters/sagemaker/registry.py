"""The model registry of SageMaker, read and moved through boto3.

Facts this rests on (boto3 1.44's model of the API; tried on moto 5.2, not on AWS):
- A version is a model package of a group; its number counts from 1, its ARN ends in it.
- ListModelPackages without a group gives the Approved ones of all groups, in one paged call.
- UpdateModelPackage sets the approval and the customer metadata together, last write wins; there is
  no compare-and-set, so a move is read back.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from knowledge.adapters.aws import Aws, Missing
from knowledge.adapters.sagemaker import documents
from knowledge.adapters.sagemaker.packages import (
    OURS,
    Approval,
    Package,
    champion_of,
    previous_of,
    promoted,
    read_package,
    retired,
)
from knowledge.adapters.sagemaker.stored import Stored, Unreadable, digest_of
from knowledge.errors import NotFound, Overtaken, Unavailable
from knowledge.promotion import (
    CHAMPION,
    PREVIOUS_CHAMPION,
    find_name,
    plain_version,
    show_version,
)
from knowledge.records import Details, Evaluation, Frame, ModelVersion, Signature

SYSTEM = "sagemaker"
MOST_VERSIONS = 20
"""`versions` returns the newest so many, the champion and its predecessor: each costs two
requests."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class SageMakerModels:
    """Implements `Models` on the model package groups of one region.

    `timeout` is in seconds and counts for each try; there is one second try.
    """

    def __init__(
        self,
        region: str,
        endpoint: str = "",
        s3_endpoint: str = "",
        timeout: float = 5.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        endpoints = {"sagemaker": endpoint, "s3": s3_endpoint}
        self._aws = Aws(SYSTEM, region, endpoints, timeout)
        self._stored = Stored(self._aws)
        self._now = now

    def names(self) -> list[str]:
        found = self._pages("list_model_package_groups", "ModelPackageGroupSummaryList")
        return sorted(g["ModelPackageGroupName"] for g in found)

    def versions(self, model: str) -> list[ModelVersion]:
        group, summaries = self._group(model)
        champion = self._champion_in(summaries)
        previous = previous_of(champion)
        older = {previous, champion.version if champion else ""}
        chosen = [
            summary
            for place, summary in enumerate(summaries)
            if place < MOST_VERSIONS or _number(summary) in older
        ]
        packages = (self._package(group, summary) for summary in chosen)
        return [self._read(package, champion) for package in packages]

    def version(self, model: str, version: str) -> ModelVersion:
        group, summaries = self._group(model)
        package = self._find(group, summaries, version)
        return self._read(package, self._champion_in(summaries))

    def champion(self, model: str) -> ModelVersion | None:
        _, summaries = self._group(model)
        champion = self._champion_in(summaries)
        return self._read(champion, champion) if champion is not None else None

    def champions(self) -> dict[str, str]:
        groups: dict[str, list[Mapping[str, Any]]] = {}
        approved = self._summaries(
            ModelApprovalStatus=Approval.APPROVED.value, ModelPackageType="Versioned"
        )
        for summary in approved:
            groups.setdefault(summary["ModelPackageGroupName"], []).append(summary)
        return {
            name: _number(found[0])
            if len(found) == 1
            else (champion.version if (champion := self._champion_in(found)) else "")
            for name, found in groups.items()
        }

    def details(self, model: str, version: str) -> Details:
        group, summaries = self._group(model)
        return _Reading(self._stored).details(self._find(group, summaries, version))

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        """Raises Unavailable where a table that the evaluation names cannot be read."""
        group, summaries = self._group(model)
        package = self._find(group, summaries, version)
        try:
            document = _Reading(self._stored).evaluation(package)
            named = documents.read_predictions(document, package.metadata)
            return {digest: self._stored.frame(place) for digest, place in named.items()}
        except Unreadable as error:
            raise Unavailable(SYSTEM, str(error), retry=False) from error

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        """First the new one is approved, then all others are not: a crash in between leaves two
        that are Approved, of which the newer approval counts, and never none."""
        group, summaries = self._group(model)
        if group != model:
            # A model that was renamed or deleted must not be taken for the one most like it.
            raise NotFound.among("model", model, self.names())
        target = self._find(group, summaries, version)
        approved = self._approved_in(summaries)
        current = champion_of(approved)
        before = current.version if current is not None else ""
        if expected is not None and before not in (expected, target.version):
            now = show_version(before) if before else "none"
            raise Overtaken(f"The champion of {group} is {now} now.", before)
        if before != target.version:
            self._approve(target, before)
        self._retire([p for p in approved if p.version != target.version], target)
        return self._read_back(group, target, before)

    # Moving -----------------------------------------------------------------------------

    def _approve(self, target: Package, before: str) -> None:
        status = target.raw.get("ModelPackageStatus", "Completed")
        if status != "Completed":
            why = f"{_named(target)} cannot serve: its model package is {status}"
            raise Unavailable(SYSTEM, why, retry=False)
        self._update(promoted(target, before, self._now()))

    def _retire(self, others: list[Package], target: Package) -> None:
        """Raises Unavailable naming the state that was left."""
        left = [*others]
        try:
            for package in others:
                self._update(retired(package, target.version, self._now()))
                left.remove(package)
        except Unavailable as error:
            beside = ", ".join(show_version(p.version) for p in left)
            why = (
                f"{error.why}. {_named(target)} is approved, and {beside} still beside it; doing "
                "it again mends that"
            )
            raise Unavailable(SYSTEM, why, retry=error.retry) from error

    def _read_back(self, group: str, target: Package, before: str) -> ModelVersion:
        summaries = self._summaries(ModelPackageGroupName=group)
        champion = self._champion_in(summaries)
        if champion is None or champion.version != target.version:
            found = show_version(champion.version) if champion is not None else "none"
            was = f" (it was {show_version(before)})" if before else ""
            raise Unavailable(
                SYSTEM,
                f"the champion of {group} reads back as {found} and not as "
                f"{show_version(target.version)}{was}; somebody else may be moving it",
            )
        return self._read(champion, champion)

    def _update(self, given: Mapping[str, Any]) -> None:
        try:
            self._aws.ask("sagemaker", lambda c: c.update_model_package(**given))
        except Missing as error:
            raise Unavailable(SYSTEM, f"it refused the change: {error}", retry=False) from error

    # Requests ---------------------------------------------------------------------------

    def _pages(self, operation: str, key: str, **given: Any) -> list[Mapping[str, Any]]:
        def all_pages(client: Any) -> list[Mapping[str, Any]]:
            pages = client.get_paginator(operation).paginate(**given)
            return [one for page in pages for one in page.get(key, ())]

        return self._aws.ask("sagemaker", all_pages)

    def _summaries(self, **given: Any) -> list[Mapping[str, Any]]:
        """Newest first."""
        found = self._pages("list_model_packages", "ModelPackageSummaryList", **given)
        return sorted(found, key=lambda s: int(s["ModelPackageVersion"]), reverse=True)

    def _group(self, model: str) -> tuple[str, list[Mapping[str, Any]]]:
        """The group's own name and its versions. Raises NotFound."""
        found: list[Mapping[str, Any]] = []
        with suppress(Missing):  # there is no such group, or its name could not be one
            found = self._summaries(ModelPackageGroupName=model)
        if found:
            return str(found[0]["ModelPackageGroupName"]), found
        name = find_name(model, self.names())
        try:
            return name, self._summaries(ModelPackageGroupName=name)
        except Missing:
            raise NotFound("model", model) from None

    def _find(self, group: str, summaries: list[Mapping[str, Any]], version: str) -> Package:
        wanted = plain_version(version)
        for summary in summaries:
            if _number(summary) == wanted:
                return self._package(group, summary)
        known = (show_version(_number(s)) for s in summaries)
        raise NotFound.among(f"version of {group}", version, known)

    def _package(self, group: str, summary: Mapping[str, Any]) -> Package:
        arn = summary["ModelPackageArn"]
        try:
            raw = self._aws.ask(
                "sagemaker", lambda c: c.describe_model_package(ModelPackageName=arn)
            )
        except Missing:
            version = show_version(_number(summary))
            raise NotFound(f"version of {group}", version) from None
        return read_package(raw)

    def _approved_in(self, summaries: list[Mapping[str, Any]]) -> list[Package]:
        return [
            self._package(str(s["ModelPackageGroupName"]), s)
            for s in summaries
            if s.get("ModelApprovalStatus") == Approval.APPROVED
        ]

    def _champion_in(self, summaries: list[Mapping[str, Any]]) -> Package | None:
        return champion_of(self._approved_in(summaries))

    def _read(self, package: Package, champion: Package | None) -> ModelVersion:
        evaluations = _Reading(self._stored).evaluations(package)
        main = evaluations[0] if evaluations else Evaluation("", "", {})
        held = {
            CHAMPION: champion.version if champion is not None else "",
            PREVIOUS_CHAMPION: previous_of(champion),
        }
        return ModelVersion(
            model=package.group,
            version=package.version,
            created_at=package.created_at,
            aliases=tuple(sorted(a for a, v in held.items() if v == package.version)),
            metrics=main.metrics,
            dataset=main.dataset,
            dataset_digest=main.digest,
            tags={k: v for k, v in package.metadata.items() if k not in OURS},
            run_id=package.raw.get("MetadataProperties", {}).get("GeneratedBy", ""),
            description=package.raw.get("ModelPackageDescription", ""),
            evaluations=evaluations,
        )


class _Reading:
    """What one package says of itself, and what its documents add."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._problems: list[str] = []

    def evaluation(self, package: Package) -> Any:
        """Its evaluation document, or None. Raises Unreadable."""
        address = _address(package, "ModelQuality", "Statistics")
        return self._stored.document(address) if address else None

    def evaluations(self, package: Package) -> tuple[Evaluation, ...]:
        """None where the document cannot be read: `details` says so."""
        try:
            document = self.evaluation(package)
        except Unreadable:
            return ()
        return documents.read_evaluations(document, package.metadata)

    def details(self, package: Package) -> Details:
        containers = package.raw.get("InferenceSpecification", {}).get("Containers", ())
        artifact, size = self._artifact(containers)
        constraints = self._document(_address(package, "ModelDataQuality", "Constraints"))
        inputs = documents.read_features(constraints) or _tensors(containers)
        shap = self._document(_address(package, "Explainability", "Report"))
        card = package.raw.get("ModelCard", {}).get("ModelCardContent", "")
        evaluation = self._document(_address(package, "ModelQuality", "Statistics"))
        return Details(
            artifact=artifact,
            size_bytes=size,
            signature=Signature(inputs) if inputs else None,
            trained_on=package.metadata.get("trained_on", ""),
            source=_source(package, containers),
            card=documents.read_card(card),
            importances=documents.read_importances(shap),
            timings=documents.read_timings(evaluation),
            problems=tuple(self._problems),
        )

    def _document(self, address: str) -> Any:
        """None, and a problem noted, where it cannot be read."""
        if not address:
            return None
        try:
            return self._stored.document(address)
        except Unreadable as error:
            self._problems.append(str(error))
            return None

    def _artifact(self, containers: Any) -> tuple[str, int | None]:
        """The digest of all that is served, and its size; empty where a part cannot be read."""
        parts: list[Mapping[str, Any]] = []
        size = 0
        for container in containers:
            address = _model_data(container)
            try:
                kept = self._stored.below(address) if address else []
            except Unreadable as error:
                self._problems.append(f"the model data: {error}")
                return "", None
            self._compare(container, address, [k.etag for k in kept])
            size += sum(k.size for k in kept)
            parts.append(
                {
                    "image": container.get("ImageDigest") or container.get("Image", ""),
                    "environment": container.get("Environment") or {},
                    "data": [[k.etag, k.size] for k in kept],
                }
            )
        return (digest_of(parts), size) if parts else ("", None)

    def _compare(self, container: Mapping[str, Any], address: str, found: list[str]) -> None:
        registered = str(container.get("ModelDataETag", "")).strip('"')
        if registered and found and found != [registered]:
            self._problems.append(f"{address} was replaced since the version was registered")


def _number(summary: Mapping[str, Any]) -> str:
    return str(summary["ModelPackageVersion"])


def _named(package: Package) -> str:
    return f"{package.group} {show_version(package.version)}"


def _address(package: Package, kind: str, part: str) -> str:
    metrics = package.raw.get("ModelMetrics") or {}
    address: str = ((metrics.get(kind) or {}).get(part) or {}).get("S3Uri", "")
    return address


def _model_data(container: Mapping[str, Any]) -> str:
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return str(container.get("ModelDataUrl") or source.get("S3Uri") or "")


def _tensors(containers: Any) -> tuple[Any, ...]:
    configs = ((c.get("ModelInput") or {}).get("DataInputConfig", "") for c in containers)
    return next((found for c in configs if (found := documents.read_tensors(c))), ())


def _source(package: Package, containers: Any) -> dict[str, str]:
    made = package.raw.get("MetadataProperties") or {}
    by = package.raw.get("CreatedBy") or {}
    frameworks = (
        f"{c['Framework']} {c.get('FrameworkVersion', '')}".strip()
        for c in containers
        if c.get("Framework")
    )
    found = {
        "git commit": made.get("CommitId", ""),
        "git repository": made.get("Repository", ""),
        "training run": made.get("GeneratedBy", ""),
        "data version": package.metadata.get("data_version", ""),
        "made by": by.get("UserProfileName") or (by.get("IamIdentity") or {}).get("Arn", ""),
        "framework": next(frameworks, ""),
    }
    return {name: str(value) for name, value in found.items() if value}
