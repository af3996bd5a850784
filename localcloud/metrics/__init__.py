"""CloudWatch's arithmetic: data points, metric math, and the state of an alarm.

Knows neither moto nor any service. Times are Unix times on AWS's clock; all functions are given the time.
"""
