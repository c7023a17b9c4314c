import { Stack, Validations } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/**
 * Acknowledges a cdk-nag finding about a wildcard in an IAM policy. Call it next to the statement that needs the wildcard.
 *
 * @param resource the resource as cdk-nag writes it, with references flattened: `<LogicalId.Arn>`, `<AWS::Region>`, the name of an import.
 * @param reason why a narrower resource is not possible; a reader must be able to check it.
 */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
}

/**
 * A service principal that may act only for resources of this account, so another account cannot make the service use our role.
 *
 * @param service the service's name before `.amazonaws.com`.
 * @param sourceArn ARN of the resources that the service may act for; wildcards are allowed.
 */
export function sameAccountService(scope: IConstruct, service: string, sourceArn: string): ServicePrincipal {
  return new ServicePrincipal(`${service}.amazonaws.com`, {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account }, ArnLike: { 'aws:SourceArn': sourceArn } },
  });
}

/** The distributions that may read pictures: all of this account, because the stateful stack must not refer to the one of the web stack. */
export function distributionsOf(scope: IConstruct): string {
  const { account, partition } = Stack.of(scope);
  return `arn:${partition}:cloudfront::${account}:distribution/*`;
}
