#!/usr/bin/env python3
"""Checks an AWS account before a deployment: credentials, region, bootstrap, quotas, and the last deployment.

Takes the flags of `cdk deploy`. Prints the release id to deploy with on stdout (nothing if none is needed), and its findings on stderr."""

import argparse
import os
import sys
from dataclasses import dataclass, field

# After a rollback, CloudFormation keeps the new versions of the functions, and fails if the next deployment creates the same versions again.
ROLLED_BACK = ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
STACKS_WITH_FUNCTIONS = ("stateless", "web")
# The end of the name of Rekognition's quota in Service Quotas.
DETECT_LABELS = "operation DetectLabels"
ENOUGH_CONCURRENCY = 100
ENOUGH_CALLS_PER_SECOND = 50


@dataclass(frozen=True)
class Flags:
    """The flags of `cdk deploy` that the checks need. `approved`: cdk does not ask about permissions."""

    context: dict
    profile: str | None
    approved: bool

    @property
    def name(self):
        """The name of the deployment."""
        return self.context.get("name", "sightline")


def read_flags(arguments):
    """Parses the flags as cdk does, and ignores all others."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-c", "--context", action="append", default=[])
    parser.add_argument("--profile", default=os.environ.get("AWS_PROFILE"))
    parser.add_argument("--require-approval")
    parser.add_argument("-y", "--yes", action="store_true")
    known, _ = parser.parse_known_args(arguments)
    context = dict(pair.split("=", 1) for pair in known.context if "=" in pair)
    return Flags(context, known.profile, known.yes or known.require_approval == "never")


@dataclass
class Report:
    """The findings: `problem` stops the deployment, `notes` are for information."""

    problem: str | None = None
    notes: list = field(default_factory=list)
    release_id: str | None = None


def examine(client, region, flags, regions_with_rekognition):
    """Checks the account. `client(service)` returns a boto3 client; `regions_with_rekognition` are the regions that the SDK knows."""
    report = Report()
    account = _account(client, report)
    if report.problem:
        return report
    if region not in regions_with_rekognition:
        report.problem = f"Rekognition is not available in {region}. Choose another region, for example AWS_REGION=eu-west-1; it is available in {', '.join(sorted(regions_with_rekognition))}."
        return report
    report.notes.append(f"account {account}, region {region}")
    _check_bootstrap(client, report, f"aws://{account}/{region}", flags)
    if not report.problem:
        _check_quotas(client, report)
        _check_last_deployment(client, report, flags)
    return report


def _account(client, report):
    try:
        return client("sts").get_caller_identity()["Account"]
    except Exception as error:  # noqa: BLE001 (after any error, the credentials do not work)
        report.problem = f"AWS rejected the credentials of this shell ({_reason(error)}). Sign in, for example with `aws sso login --profile NAME`, and pass the profile: CDK_FLAGS='--profile NAME'."
        return None


def _check_bootstrap(client, report, environment, flags):
    qualifier = flags.context.get("@aws-cdk/core:bootstrapQualifier", "hnb659fds")
    try:
        client("ssm").get_parameter(Name=f"/cdk-bootstrap/{qualifier}/version")
    except Exception as error:  # noqa: BLE001 (only one error is a problem)
        if _code(error) == "ParameterNotFound":
            profile = f" --profile {flags.profile}" if flags.profile else ""
            report.problem = f"The CDK is not bootstrapped in this account and region. Run once: make bootstrap CDK_FLAGS='{environment}{profile}'"
        else:
            report.notes.append(f"could not check whether the CDK is bootstrapped ({_reason(error)})")


def _check_quotas(client, report):
    try:
        concurrency = client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        if concurrency < ENOUGH_CONCURRENCY:
            report.notes.append(
                f"Lambda runs at most {concurrency} functions at once in this account. That is enough to try sightline; a burst of uploads waits in retries. "
                "To raise it: Service Quotas, AWS Lambda, Concurrent executions."
            )
    except Exception as error:  # noqa: BLE001 (a deployment is possible without it)
        report.notes.append(f"could not read Lambda's concurrency ({_reason(error)})")
    try:
        pages = client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="rekognition")
        rates = [quota["Value"] for page in pages for quota in page["Quotas"] if quota["QuotaName"].endswith(DETECT_LABELS)]
        if rates and rates[0] < ENOUGH_CALLS_PER_SECOND:
            report.notes.append(
                f"Rekognition allows at most {rates[0]:.0f} DetectLabels calls a second here; more uploads than that wait in retries. "
                "To raise it: Service Quotas, Amazon Rekognition, transactions per second of DetectLabels and DetectModerationLabels."
            )
    except Exception as error:  # noqa: BLE001 (a deployment is possible without it)
        report.notes.append(f"could not read Rekognition's quotas ({_reason(error)})")


def _check_last_deployment(client, report, flags):
    """Sets the release id: the deployed one, so that a deployment without changes changes nothing; after a rollback, a new one."""
    names = [f"{flags.name}-{stack}" for stack in STACKS_WITH_FUNCTIONS]
    found = {name: stack for name in names if (stack := _stack(client, report, name))}
    outputs = {output["OutputKey"]: output["OutputValue"] for stack in found.values() for output in stack.get("Outputs", [])}
    report.release_id = outputs.get("ReleaseId")
    rolled_back = {name: stack["LastUpdatedTime"] for name, stack in found.items() if stack["StackStatus"] in ROLLED_BACK}
    if rolled_back:
        report.release_id = max(rolled_back.values()).strftime("%Y-%m-%dT%H:%M:%SZ")
        report.notes.append(f"the last deployment of {' and '.join(rolled_back)} was rolled back; this one gets the release id {report.release_id}")


def _stack(client, report, name):
    """The stack as CloudFormation describes it; None if it does not exist or cannot be read."""
    try:
        return client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except Exception as error:  # noqa: BLE001 (one error is expected)
        if _code(error) != "ValidationError":
            report.notes.append(f"could not read the stack {name} ({_reason(error)})")
        return None


def _code(error):
    return getattr(error, "response", {}).get("Error", {}).get("Code")


def _reason(error):
    return _code(error) or " ".join(str(error).split()) or type(error).__name__


def region_of(environment, profile_region):
    """The region that cdk deploys to: from its variables in its order, else from the profile, else its default."""
    variables = ("AWS_REGION", "AMAZON_REGION", "AWS_DEFAULT_REGION", "AMAZON_DEFAULT_REGION")
    return next((environment[name] for name in variables if environment.get(name)), None) or profile_region or "us-east-1"


def main():
    """Exit codes: 0 ready to deploy, 1 a problem was found."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    flags = read_flags(sys.argv[1:])
    try:
        session = boto3.Session(profile_name=flags.profile)
    except BotoCoreError as error:
        return f"deploy: {_reason(error)}."
    region = region_of(os.environ, session.region_name)
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
    partition = session.get_partition_for_region(region)
    regions = session.get_available_regions("rekognition", partition_name=partition)
    report = examine(lambda service: session.client(service, region_name=region, config=config), region, flags, regions)
    for note in report.notes:
        print(f"deploy: {note}", file=sys.stderr)
    if report.problem:
        return f"deploy: {report.problem}"
    print(report.release_id or "", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
