import { Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/**
 * A service that acts for resources of this account only: nobody else's resource can make the service use our role.
 *
 * @param service its name before `.amazonaws.com`.
 * @param sourceArn ARN of the resources, with wildcards.
 */
export function ownService(scope: Construct, service: string, sourceArn: string): ServicePrincipal {
  return new ServicePrincipal(`${service}.amazonaws.com`, {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account }, ArnLike: { 'aws:SourceArn': sourceArn } },
  });
}
