"""Load balancers that balance: what they are told, whom they ask whether they are well, and their HAProxy.

Knows neither moto nor hosts: what is to be comes as `model.Balancer`, from whoever asked for it.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
"""
