"""Is it said rightly whether the model or the infrastructure is at fault?"""
