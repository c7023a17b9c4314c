import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';
import type { Topics } from './topics.ts';

export interface BudgetProps {
  /** What the account may cost in a month, in dollars. */
  readonly monthlyUsd: number;
  readonly topics: Topics;
}

/**
 * Tells when the account's month will cost more than most of the budget, and when it has cost all of it.
 *
 * Without a filter by tags: Rekognition's image calls, nine tenths of what we cost, carry none, and a tag counts only once
 * somebody has activated it for billing. A budget that sees nothing would never ring.
 */
export class Budget extends Construct {
  constructor(scope: Construct, id: string, props: BudgetProps) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'SNS', address: props.topics.operations.topicArn }];
    const notification = (notificationType: 'FORECASTED' | 'ACTUAL', threshold: number): CfnBudget.NotificationWithSubscribersProperty => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers,
    });
    new CfnBudget(this, 'Budget', {
      budget: { budgetType: 'COST', timeUnit: 'MONTHLY', budgetLimit: { amount: props.monthlyUsd, unit: 'USD' } },
      notificationsWithSubscribers: [notification('FORECASTED', 80), notification('ACTUAL', 100)],
    });
  }
}
