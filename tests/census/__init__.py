"""Every public class and function, called with bad values: do errors say what is wrong?"""
