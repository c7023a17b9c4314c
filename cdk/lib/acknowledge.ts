import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Acknowledges a wildcard in the resources of an IAM policy, beside what needs it.
 *
 * @param resource as cdk-nag writes it, with references flattened: `<LogicalId.Arn>`, `<AWS::Region>`, the name of an import.
 * @param reason why nothing narrower will do; it must be possible to check it.
 */
export function acknowledgeWildcard(scope: IConstruct, resource: string, reason: string): void {
  Validations.of(scope).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
}
