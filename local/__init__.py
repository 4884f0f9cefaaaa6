"""AWS on a laptop, a simulator of SageMaker hosting, and what runs on them: fault campaign, load test, demo.

`aws` is the shipped stack on MiniStack, `simulator` is SageMaker hosting, `virtual_time` runs the stack's state
machines and functions in one process, and `simulation` is the fault campaign on that.
"""
