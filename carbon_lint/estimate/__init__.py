"""Say what a job would take, before it runs. Always a range: how much of its power it draws is not known beforehand."""
